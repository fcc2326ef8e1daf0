"""What happens in an epoch of training: loss, scores, the best weights, and what a resume needs."""

import time

import lightning as L
import torch
from torch import nn

from mmage_utils.data.labels import N_GROUPS
from mmage_utils.models import ranks
from mmage_utils.models.device import channels_last


class Classifier(L.LightningModule):
    """Cross-entropy training of any network that gives logits over the seven age groups.

    Parameters
    ----------
    model : torch.nn.Module
    prepare : callable
        Makes the model's input of a batch, on the device where the batch is.
    settings : training.Settings

    Attributes
    ----------
    history : list of dict
        Scores of train and valid, one entry an epoch.
    best : dict
        value of the monitor, epoch (1, 2, ...) and weights of the best epoch.
    order : torch.utils.data.Sampler
        Shuffles the train clips by seed and epoch.
    """

    def __init__(self, model, prepare, settings):
        super().__init__()
        # Convolutions are a third faster with channels last; other layers do not notice.
        self.model = model.to(memory_format=torch.channels_last)
        self.prepare, self.settings, self.order = prepare, settings, None
        for name, values in (("weights", settings.class_weights), ("offset", settings.offset)):
            self.register_buffer(name, torch.as_tensor(values, dtype=torch.float32))
        self.history, self.best, self.totals = [], {}, {}
        self.seconds, self.clock = 0.0, 0.0

    def configure_optimizers(self):
        settings = self.settings
        groups = [{"params": list(self.model.parameters()), "lr": settings.lr}]
        if settings.backbone_lr is not None:
            head = list(self.model.logits.parameters())
            rest = [p for n, p in self.model.named_parameters() if not n.startswith("logits.")]
            groups = [
                {"params": head, "lr": settings.lr},
                {"params": rest, "lr": settings.backbone_lr},
            ]
        # One fused step instead of one operation a tensor: a fifth of a training step on a CPU.
        optimiser = getattr(torch.optim, settings.optimiser)(groups, fused=True)
        if settings.schedule == "constant":
            return optimiser
        # Up from a small rate, and down to nearly 0 along a cosine.
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            [group["lr"] for group in groups],
            total_steps=self.trainer.estimated_stepping_batches,
            pct_start={"one-cycle": 0.3, "warm-up": 0.15}[settings.schedule],
        )
        return [optimiser], [{"scheduler": schedule, "interval": "step"}]

    def on_train_start(self):
        # A resumed training may have stopped early, and been cut off before it was kept.
        stop = self.trainer.early_stopping_callback
        self.trainer.should_stop = stop.wait_count >= stop.patience

    def on_train_epoch_start(self):
        # A seed for every epoch, so that a resumed training draws what it would have drawn; the
        # sampler shuffles by seed and epoch likewise. Each process drops other units.
        own = 1_000_003 * ranks.rank()
        torch.manual_seed(self.settings.seed * 100_003 + self.current_epoch + own)
        self.clock = time.perf_counter()

    def training_step(self, batch, _):
        return self._step("train", batch)

    def validation_step(self, batch, _):
        self._step("valid", batch)

    def _step(self, stage, batch):
        x, target = batch
        logits = self.model(channels_last(self.prepare(x))).float()
        losses = nn.functional.cross_entropy(logits + self.offset, target, reduction="none")
        plain = nn.functional.cross_entropy(logits.detach(), target, reduction="none")
        right = (logits.detach().argmax(1) == target).float()
        columns = torch.stack([losses.detach(), plain, right, torch.ones_like(right)], 1)
        empty = torch.zeros(N_GROUPS, 4, device=columns.device)
        self.totals[stage] = self.totals.get(stage, empty).index_add(0, target, columns)
        weights = self.weights[target]
        total = weights.sum()
        if stage == "train":
            # The mean over the whole batch, of which this is a share; gradients are averaged.
            total = ranks.add_up(total) / ranks.world()
        # A batch may hold only groups of weight 0, and then does not count.
        return (weights * losses).sum() / total.clamp(min=1e-12)

    def on_validation_epoch_start(self):
        ranks.same_buffers(self)

    def on_validation_epoch_end(self):
        scores = self._mean("valid")
        self.history.append({"epoch": self.current_epoch + 1, **scores})
        self.log_dict(scores)
        monitor = self.settings.monitor
        value = scores[monitor] if monitor.endswith("loss") else -scores[monitor]
        if not self.best or value < self.best["value"]:
            state = {name: t.detach().cpu().clone() for name, t in self.model.state_dict().items()}
            self.best = {"value": value, "epoch": self.current_epoch + 1, "model": state}

    def on_train_epoch_end(self):
        self.history[-1] |= self._mean("train")
        self.seconds += time.perf_counter() - self.clock

    def _mean(self, stage):
        empty = torch.zeros(N_GROUPS, 4, device=self.device)  # a process may have no valid clip
        totals = self.totals.pop(stage, empty).double()
        loss, plain, right, n = ranks.add_up(totals).cpu().T
        weights = self.weights.double().cpu()
        scores = {
            f"{stage}_loss": (weights @ loss) / (weights @ n).clamp(min=1e-12),
            f"{stage}_accuracy": right.sum() / n.sum(),
            f"{stage}_balanced_loss": (plain[n > 0] / n[n > 0]).mean(),
        }
        return {name: float(value) for name, value in scores.items()}

    def on_save_checkpoint(self, checkpoint):
        checkpoint["kept"] = {name: getattr(self, name) for name in ("history", "best", "seconds")}

    def on_load_checkpoint(self, checkpoint):
        for name, value in checkpoint["kept"].items():
            setattr(self, name, value)
        # Lightning would tell the sampler too late for the first epoch.
        self.order.set_epoch(len(self.history))
