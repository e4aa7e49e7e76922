package io.equipoise.cli;

import io.equipoise.files.UserPath;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The program {@code equipoise}. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        // UTF-8 whatever the locale: results are read by programs, and p, π and ‖ are in them.
        var out = new PrintStream(new FileOutputStream(FileDescriptor.out), false, StandardCharsets.UTF_8);
        var err = new PrintStream(new FileOutputStream(FileDescriptor.err), false, StandardCharsets.UTF_8);
        System.exit(execute(out, err, Boolean.getBoolean("equipoise.terminal"), args));
    }

    /**
     * Runs one command.
     *
     * @param terminal whether err is a terminal, on which a line may be rewritten
     * @return the exit code: 0 done, 2 the user's to mend, 1 anything else
     */
    static int execute(PrintStream out, PrintStream err, boolean terminal, String... args) {
        var console = new Console(out, err, terminal);
        var line = new CommandLine(new RootCommand(console))
                .addSubcommand(new DemoCommand(console))
                .addSubcommand(new TrainCommand(console))
                .addSubcommand(new SampleCommand(console))
                .addSubcommand(new EvaluateCommand(console))
                .addSubcommand(new ExperimentsCommand(console))
                .addSubcommand(new DoctorCommand(console))
                .setOut(new PrintWriter(out, true, StandardCharsets.UTF_8))
                .setErr(new PrintWriter(err, true, StandardCharsets.UTF_8))
                .setParameterExceptionHandler(Main::misused)
                // What is written is what is used: an @ at the beginning of a prompt names no file of arguments.
                .setExpandAtFiles(false)
                .registerConverter(Path.class, Main::path);
        int code = line.execute(args);
        out.flush();
        err.flush();
        return code;
    }

    /** No shell expands the ~ of {@code --output=~/runs}. */
    private static Path path(String written) {
        try {
            return UserPath.of(written);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(String.valueOf(e.getMessage()));
        }
    }

    private static int misused(ParameterException e, String[] args) {
        var err = e.getCommandLine().getErr();
        err.println("error: " + e.getMessage());
        UnmatchedArgumentException.printSuggestions(e, err);
        err.println("Try '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        return Failures.USAGE;
    }
}
