package io.equipoise.cli;

import io.equipoise.InvalidInputException;
import io.equipoise.files.UserPath;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The program {@code equipoise}. */
public final class Main {
    private static final char REPLACEMENT = '\uFFFD';

    private Main() {}

    public static void main(String[] args) {
        // UTF-8 whatever the locale: results are read by programs, and p, π and ‖ are in them.
        var out = ResultStream.ofProcess();
        var err = new PrintStream(new FileOutputStream(FileDescriptor.err), false, StandardCharsets.UTF_8);
        Signals.endTheProgram();
        System.exit(execute(out, err, Boolean.getBoolean("equipoise.terminal"), args));
    }

    /**
     * Runs one command.
     *
     * @param terminal whether err is a terminal, on which a line may be rewritten
     * @return the exit code: 0 done, 2 the user's to mend, 1 anything else, such as a result that can't be written to out
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
                .setParameterExceptionHandler((e, given) -> misused(e, given, console))
                // What is written is what is used: an @ at the beginning of a prompt names no file of arguments.
                .setExpandAtFiles(false)
                .registerConverter(Path.class, Main::path);
        int code = line.execute(args);
        line.getOut().flush();
        var unwritten = ResultStream.failure(out);
        unwritten.ifPresent(reason -> console.say("error: " + reason));
        err.flush();
        return code == 0 && unwritten.isPresent() ? Failures.UNEXPECTED : code;
    }

    /** No shell expands the ~ of {@code --output=~/runs}. */
    private static Path path(String written) {
        try {
            return UserPath.of(written);
        } catch (InvalidInputException e) {
            throw new TypeConversionException(String.valueOf(e.getMessage()));
        }
    }

    private static int misused(ParameterException e, String[] args, Console console) {
        var err = e.getCommandLine().getErr();
        err.println("error: " + e.getMessage());
        UnmatchedArgumentException.printSuggestions(e, err);
        err.println("Try '" + e.getCommandLine().getCommandSpec().qualifiedName() + " --help'.");
        // What is wrong may have been found before the option was.
        if (Arrays.stream(args).anyMatch(argument -> argument.matches("--json(=true)?"))) console.json(true);
        console.failure(String.valueOf(e.getMessage()), Failures.USAGE);
        return Failures.USAGE;
    }
}
