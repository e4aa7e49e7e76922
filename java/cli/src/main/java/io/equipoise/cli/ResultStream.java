package io.equipoise.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Stdout in UTF-8 that, unlike other {@link PrintStream}s, knows why something could not be written. */
final class ResultStream extends PrintStream {
    private final Sink sink;

    private ResultStream(Sink sink) {
        super(sink, false, StandardCharsets.UTF_8);
        this.sink = sink;
    }

    /** The process's own. */
    static ResultStream ofProcess() {
        return new ResultStream(new Sink(new FileOutputStream(FileDescriptor.out), isPipe()));
    }

    /** Another in its place. */
    static ResultStream to(OutputStream out) {
        return new ResultStream(new Sink(out, false));
    }

    private static boolean isPipe() {
        try {
            return Files.readSymbolicLink(Path.of("/proc/self/fd/1")).toString().startsWith("pipe:");
        } catch (IOException | UnsupportedOperationException notLinux) {
            return false;
        }
    }

    /**
     * What has become of all that was printed to stdout.
     *
     * @return why something of it could not be written; empty if all was, or if whoever read it has gone, as {@code head} does
     *     once it has enough
     */
    static Optional<String> failure(PrintStream out) {
        if (!out.checkError()) return Optional.empty();
        if (!(out instanceof ResultStream results)) return Optional.of("can't write to stdout");
        if (results.sink.isReaderGone()) return Optional.empty();
        String reason = results.sink.failure.map(e -> ": " + e.getMessage()).orElse("");
        return Optional.of("can't write to stdout" + reason);
    }

    /** Remembers the first failure, which {@link PrintStream} keeps to itself. */
    private static final class Sink extends FilterOutputStream {
        private final boolean pipe;
        private volatile Optional<IOException> failure = Optional.empty();

        /** @param pipe whether it is one, which never fails but for want of a reader */
        Sink(OutputStream out, boolean pipe) {
            super(out);
            this.pipe = pipe;
        }

        /** The system's sentence may be in another language. */
        boolean isReaderGone() {
            return failure.filter(e -> pipe || String.valueOf(e.getMessage()).contains("Broken pipe"))
                    .isPresent();
        }

        @Override
        public void write(int b) throws IOException {
            remembering(() -> out.write(b));
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            remembering(() -> out.write(bytes, offset, length));
        }

        @Override
        public void flush() throws IOException {
            remembering(out::flush);
        }

        private void remembering(Writing writing) throws IOException {
            try {
                writing.run();
            } catch (IOException e) {
                if (failure.isEmpty()) failure = Optional.of(e);
                throw e;
            }
        }
    }

    @FunctionalInterface
    private interface Writing {
        void run() throws IOException;
    }
}
