package io.equipoise.cli;

import io.equipoise.InvalidInputException;
import io.equipoise.distributed.Collective;
import io.equipoise.distributed.Collectives;
import io.equipoise.distributed.Rendezvous;
import io.equipoise.model.Device;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** {@code --processes} and {@code --collective-timeout}, of the command that trains. */
final class ProcessesOption {
    private static final String PROCESSES = "--processes";
    private static final String THREADS = "equipoise.threads";
    private static final String CARDS = "CUDA_VISIBLE_DEVICES";

    @Option(
            names = PROCESSES,
            paramLabel = "N",
            description = "Train in N processes on this machine, one a GPU with --device cuda; on several machines,"
                    + " see docs/distributed.md.")
    private Optional<Integer> processes = Optional.empty();

    @Option(
            names = "--collective-timeout",
            paramLabel = "SECONDS",
            defaultValue = "600",
            description = "With several processes: how long to wait for one that doesn't come before giving up (600).")
    private long seconds = 600;

    @Option(
            names = "--shard-optimizer",
            description = "With several processes: each keeps its part of the optimiser's state only (ZeRO-1).")
    private boolean sharded;

    private final Map<String, String> environment;

    ProcessesOption() {
        this(System.getenv());
    }

    private ProcessesOption(Map<String, String> environment) {
        this.environment = environment;
    }

    /** Which of several processes this one is, if whatever started it has said so. */
    Optional<Rendezvous> rendezvous() {
        var rendezvous = Rendezvous.of(environment);
        if (rendezvous.isPresent() && processes.isPresent()) {
            throw new InvalidInputException("--processes starts processes itself, but RANK or Slurm's variables say"
                    + " that this is one of several already; leave out --processes");
        }
        return rendezvous;
    }

    /** Whether the processes divide the optimiser's state. */
    boolean sharded() {
        return sharded;
    }

    /** How many processes to start; 1 for this one alone. */
    int toStart() {
        int count = processes.orElse(1);
        if (count < 1) throw new InvalidInputException("--processes must be >= 1, got " + count);
        return count;
    }

    /** Arguments without this option: what a process started by it is given. */
    static List<String> without(List<String> arguments) {
        var others = new ArrayList<String>();
        boolean value = false;
        for (String argument : arguments) {
            if (!value && !argument.startsWith(PROCESSES + "=") && !argument.equals(PROCESSES)) others.add(argument);
            value = argument.equals(PROCESSES);
        }
        return others;
    }

    /** Leaves each of so many processes on this machine its share of the processors, unless it was told how many to take. */
    static void divideThreads(int localProcesses) {
        int share = Math.max(1, Runtime.getRuntime().availableProcessors() / localProcesses);
        if (System.getProperty(THREADS) == null) System.setProperty(THREADS, Integer.toString(share));
    }

    /**
     * Joins the others.
     *
     * @param console is told at once if some of them aren't there yet: nobody may be about to start them
     * @return the caller closes it
     */
    Collective join(Rendezvous rendezvous, Device device, Console console) {
        boolean cuda = device == Device.CUDA;
        String cards = environment.getOrDefault(CARDS, "");
        if (cuda && rendezvous.localSize() > 1 && (cards.isBlank() || cards.contains(","))) {
            throw new InvalidInputException("of " + rendezvous.localSize() + " processes on one machine each must"
                    + " see a GPU of its own: " + CARDS + " is '" + cards + "', set it to one, such as $LOCAL_RANK");
        }
        return Collectives.join(rendezvous, timeout(), cuda, missing -> {
            // Those that --processes starts need no advice.
            if (!LocalProcesses.isOne()) console.say(waiting(rendezvous, missing));
        });
    }

    private String waiting(Rendezvous rendezvous, List<Integer> missing) {
        String ranks = missing.stream().map(Object::toString).collect(Collectors.joining(", "));
        return "rank " + rendezvous.rank() + " of " + rendezvous.size() + " ("
                + Rendezvous.source(environment).orElse("the environment") + "): waiting at " + rendezvous.meeting()
                + " for " + (missing.size() == 1 ? "rank " : "ranks ") + ranks + ", at most " + seconds
                + " s (--collective-timeout); to train alone unset " + Rendezvous.marks(environment);
    }

    Duration timeout() {
        if (seconds < 1) throw new InvalidInputException("--collective-timeout must be >= 1, got " + seconds);
        return Duration.ofSeconds(seconds);
    }
}
