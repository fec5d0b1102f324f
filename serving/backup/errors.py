"""What can go wrong with a backup, or with bringing one back?"""

from features.errors import ForesellError


class BackupExists(ForesellError):
    problem = "There is a file {0} already."
    fix = "give the backup another name with --out, or move the file away: a backup is never written over."


class BackupNotWritten(ForesellError):
    problem = "The backup could not be written ({0}); what was begun is removed, and the service is untouched."
    fix = "free some disk space or choose another place with --out, then run it again."


class NothingToBackUp(ForesellError):
    problem = "There is nothing at {0} to be backed up."
    fix = "name the home folder: foresell --home FOLDER backup --out FILE."


class BackupDamaged(ForesellError):
    problem = "The backup {0} is damaged: {1}."
    fix = "use another backup; foresell restore FILE --check examines one without writing anything."


class BackupTooNew(ForesellError):
    problem = "The backup {0} was made by release {1}, in a form that this release does not know."
    fix = "upgrade Foresell, then restore it."


class TargetNotEmpty(ForesellError):
    problem = "{0} is not empty; a backup is restored to a new place only."
    fix = "choose a new folder with --home, and a new database with FORESELL_DATABASE where that is set."


class NotRestored(ForesellError):
    problem = "The backup could not be restored ({0}); what was begun is removed."
    fix = "free some disk space or choose another place, then run it again."
