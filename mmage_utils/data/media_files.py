"""Files of the data, opened as bytes: regular files of a bearable size, and nothing else.

A link is followed, as whole folders and single files of data often are links; what it leads to
must be a regular file. A pipe would be waited for without end, and a device never ends.
"""

import errno
import os
import stat

from mmage_utils.errors import DataError

NO_ACCESS = {
    errno.ENOENT: ("there is no such file", "Check the path."),
    errno.EACCES: ("there is no permission to read it", "Permit it (chmod +r)."),
    errno.EISDIR: ("it is a folder", "Put the file in its place."),
    errno.ELOOP: ("it is a link that leads to itself", "Put the file in its place."),
    errno.EFBIG: ("it is too large", "Check what it is."),
}


def open_regular(path, *, most):
    """Open a regular file of at most `most` bytes for reading bytes.

    Raises
    ------
    DataError
        When it is missing, a folder, not a regular file, too large, or may not be read; the
        message is the reason and the fix. Its cause is the OSError: such a failure belongs to the
        place and not to the content.
    """
    try:
        status = os.stat(path)
        # Before opening, which would wait for the other end of a pipe.
        if stat.S_ISDIR(status.st_mode):
            raise OSError(errno.EISDIR, "")
        if not stat.S_ISREG(status.st_mode):
            raise OSError(0, "it is not a regular file")
        if status.st_size > most:
            raise OSError(errno.EFBIG, "")
        return open(path, "rb")
    except OSError as error:
        other = (error.strerror or str(error), "Check the path and the disk.")
        reason, fix = NO_ACCESS.get(error.errno, other)
        if error.errno == errno.EFBIG:
            reason += f": more than {most / 1e6:,.0f} MB"
        raise DataError(f"{reason}. {fix}") from error
