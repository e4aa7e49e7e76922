package io.equipoise.cli;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.kernels.KernelUnavailableException;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The program without a command, and the options that every command has. */
@picocli.CommandLine.Command(
        name = "equipoise",
        mixinStandardHelpOptions = true,
        scope = ScopeType.INHERIT,
        versionProvider = Version.class,
        sortOptions = false,
        usageHelpAutoWidth = true,
        description = "Fine-tunes language models by distribution matching (GDC++).",
        footer = {
            "",
            "Exit codes: 0 done, 2 something of yours to mend, 1 anything else; 128 and a signal's number if that stopped it."
        })
final class RootCommand implements Runnable {
    private final Console console;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    RootCommand(Console console) {
        this.console = console;
    }

    @Option(names = "--json", scope = ScopeType.INHERIT, description = "One JSON object on stdout, all else on stderr.")
    void json(boolean value) {
        console.json(value);
    }

    @Option(names = "--verbose", scope = ScopeType.INHERIT, description = "Log more; show stack traces.")
    void verbose(boolean value) {
        console.verbose(value);
    }

    @Option(
            names = "--kernels",
            paramLabel = "NAME",
            scope = ScopeType.INHERIT,
            description = "Use these kernels (cpu, cuda, reference) or fail; default: the best that run here.")
    void kernels(String name) {
        try {
            KernelProvider.named(name);
        } catch (KernelUnavailableException e) {
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
        System.setProperty("equipoise.kernels", name);
    }

    @Option(
            names = "--cpu-isa",
            paramLabel = "NAME",
            scope = ScopeType.INHERIT,
            description = "Use CPU kernels for this instruction set; default: the best of this CPU.")
    void instructionSet(String name) {
        System.setProperty("equipoise.cpu-isa", name);
    }

    @Option(
            names = "--sync-kernels",
            scope = ScopeType.INHERIT,
            description = "Wait after every kernel on a GPU, so that an error names the one that failed. Slower.")
    void syncKernels(boolean value) {
        System.setProperty("equipoise.sync-kernels", Boolean.toString(value));
    }

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(),
                "no command given; there are "
                        + String.join(", ", spec.subcommands().keySet()));
    }
}
