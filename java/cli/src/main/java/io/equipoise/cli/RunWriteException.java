package io.equipoise.cli;

import io.equipoise.training.CheckpointFolder;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.util.Optional;

/** Something of a run could not be written, for want of space more often than not. Its last checkpoint is whole. */
final class RunWriteException extends IOException {
    private static final long serialVersionUID = 1;

    /** @param what the file or checkpoint */
    RunWriteException(Path run, String what, IOException cause) {
        super("can't write " + what + " into " + run + ": " + reason(cause) + "; " + advice(run), cause);
    }

    private static String reason(IOException cause) {
        if (cause instanceof FileSystemException failure && failure.getReason() != null) {
            return failure.getReason() + " (" + failure.getFile() + ")";
        }
        return String.valueOf(cause.getMessage());
    }

    private static String advice(Path run) {
        String again = "train --resume " + run;
        Optional<Path> last;
        try {
            last = CheckpointFolder.latest(run.resolve("checkpoints"));
        } catch (IOException e) {
            last = Optional.empty();
        }
        return last.map(checkpoint ->
                        "the last whole checkpoint is " + checkpoint + "; make room, then go on from it with " + again)
                .orElse("there is no checkpoint yet; make room, then begin again with " + again);
    }
}
