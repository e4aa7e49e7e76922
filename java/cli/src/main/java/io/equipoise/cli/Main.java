package io.equipoise.cli;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The program {@code equipoise}. */
public final class Main {
    private static final char REPLACEMENT = '\uFFFD';

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
        for (String argument : args) {
            // What Java puts in the place of bytes that aren't of the locale's charset: the argument is another than
            // was given.
            if (argument.indexOf(REPLACEMENT) < 0) continue;
            err.println("error: the argument '" + argument
                    + "' isn't UTF-8, or the locale isn't; set LC_ALL=C.UTF-8 and" + " give it in UTF-8");
            err.flush();
            return Failures.USAGE;
        }
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
                .setParameterExceptionHandler(Main::misused);
        int code = line.execute(args);
        out.flush();
        err.flush();
        return code;
    }

    private static int misused(ParameterException e, String[] args) {
        var err = e.getCommandLine().getErr();
        err.println("error: " + e.getMessage());
        UnmatchedArgumentException.printSuggestions(e, err);
        err.println("Try '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        return Failures.USAGE;
    }
}
