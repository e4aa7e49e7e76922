package io.equipoise.cli;

import io.equipoise.cli.config.ConfigException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** {@code run.lock}: whoever has it locked is the only one to write into a run folder. The system unlocks it when a process ends. */
final class RunLock implements AutoCloseable {
    static final String NAME = "run.lock";

    private final FileChannel channel;

    private RunLock(FileChannel channel) {
        this.channel = channel;
    }

    /** @throws ConfigException if another process, or another run of this one, has it, or the folder can't be written to */
    static RunLock take(Path folder) throws IOException {
        var file = folder.resolve(NAME);
        FileChannel channel;
        try {
            channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
        } catch (IOException e) {
            throw notWritable(folder, e);
        }
        try {
            if (channel.tryLock() == null) throw held(folder, file);
            channel.truncate(0);
            channel.write(ByteBuffer.wrap((ProcessHandle.current().pid() + "\n").getBytes(StandardCharsets.US_ASCII)));
            return new RunLock(channel);
        } catch (OverlappingFileLockException e) {
            channel.close();
            throw held(folder, file);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    static ConfigException notWritable(Path folder, IOException e) {
        return new ConfigException(
                "can't write into the run folder " + folder + " (" + e
                        + "); make it writable or name another with --output",
                e);
    }

    private static ConfigException held(Path folder, Path file) throws IOException {
        String process = Files.readString(file).strip();
        return new ConfigException("process " + (process.isEmpty() ? "" : process + " ") + "is training in " + folder
                + "; wait until it has ended, stop it, or name another folder with --output");
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
