package io.equipoise.cli;

import java.util.Optional;
import java.util.concurrent.Callable;

/** What all commands have in common: whatever they throw becomes one message and an exit code. */
abstract class Command implements Callable<Integer> {
    private final Console console;
    private Optional<String> logFile = Optional.empty();

    Command(Console console) {
        this.console = console;
    }

    final Console console() {
        return console;
    }

    /** Where stack traces go from now on. */
    final void logFile(String file) {
        logFile = Optional.of(file);
    }

    /** Does the work. */
    abstract void run() throws Exception;

    @Override
    public final Integer call() {
        Logs.to(console);
        try {
            NativeLibraries.requireRunnable();
            run();
            return 0;
        } catch (Exception | Error failure) {
            return Failures.report(failure, console, logFile);
        } finally {
            Logs.stop();
        }
    }
}
