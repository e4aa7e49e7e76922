package io.equipoise.distributed;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Which rank this process is, and where the ranks of its run find each other.
 *
 * @param rank from 0
 * @param size N, ranks in all
 * @param localRank among those on this machine, from 0
 * @param localSize how many are on this machine; 1 where that isn't known
 * @param meeting where they meet
 */
public record Rendezvous(int rank, int size, int localRank, int localSize, Meeting meeting) {
    /** The environment variable with the file that processes on one machine meet in. */
    public static final String FILE = "EQUIPOISE_MEETING_FILE";

    private static final int PORT = 29_500;
    private static final int LARGEST_PORT = 65_535;
    /** {@code gpu[003-007,9],x} or {@code gpu1,gpu2}: the name, then what the first of its numbers is. */
    private static final Pattern FIRST_NODE = Pattern.compile("([^,\\[]+)(?:\\[([^,\\]-]+)[^\\]]*\\])?.*");

    public Rendezvous {
        if (size < 1) throw new IllegalArgumentException("WORLD_SIZE must be >= 1, got " + size);
        if (rank < 0 || rank >= size) {
            throw new IllegalArgumentException(
                    "RANK must be from 0 to WORLD_SIZE - 1 = " + (size - 1) + ", got " + rank);
        }
        if (localSize < 1 || localRank < 0) {
            throw new IllegalArgumentException(
                    "LOCAL_RANK must be >= 0 and LOCAL_WORLD_SIZE >= 1, got " + localRank + " and " + localSize);
        }
    }

    /** Where the ranks leave word for each other. */
    public sealed interface Meeting permits Host, File {}

    /** A port of the machine that rank 0 runs on, which opens it. */
    public record Host(String address, int port) implements Meeting {
        public Host {
            if (port < 1 || port > LARGEST_PORT) {
                throw new IllegalArgumentException("MASTER_PORT must be from 1 to " + LARGEST_PORT + ", got " + port);
            }
        }

        @Override
        public String toString() {
            return address + ":" + port;
        }
    }

    /** A file that is not there yet, for ranks of one machine. */
    public record File(Path path) implements Meeting {
        @Override
        public String toString() {
            return path.toString();
        }
    }

    /**
     * What the process was told by whatever started it: {@code RANK}, {@code WORLD_SIZE}, {@code MASTER_ADDR} and {@code
     * MASTER_PORT}, as torchrun and Kubeflow's PyTorchJob set them, else Slurm's variables of a task that srun started.
     *
     * @return empty if the process is on its own
     * @throws IllegalArgumentException if only some are set, or one has no meaning
     */
    public static Optional<Rendezvous> of(Map<String, String> environment) {
        var variables = new Variables(environment);
        if (variables.has("RANK") || variables.has("WORLD_SIZE")) return Optional.of(ofRanks(variables));
        // In a batch script itself, outside of srun, there is one process whatever the number of tasks.
        boolean task = variables.has("SLURM_PROCID") && variables.has("SLURM_STEP_ID");
        return task && variables.number("SLURM_NTASKS") > 1 ? Optional.of(ofSlurm(variables)) : Optional.empty();
    }

    private static Rendezvous ofRanks(Variables variables) {
        int rank = variables.number("RANK");
        int size = variables.number("WORLD_SIZE");
        int localRank = variables.number("LOCAL_RANK", 0);
        int localSize = variables.number("LOCAL_WORLD_SIZE", 1);
        if (variables.has(FILE)) {
            return new Rendezvous(rank, size, localRank, localSize, new File(Path.of(variables.text(FILE))));
        }
        var host = new Host(variables.text("MASTER_ADDR"), variables.number("MASTER_PORT"));
        return new Rendezvous(rank, size, localRank, localSize, host);
    }

    private static Rendezvous ofSlurm(Variables variables) {
        String address = variables.has("MASTER_ADDR")
                ? variables.text("MASTER_ADDR")
                : firstNode(variables.text("SLURM_STEP_NODELIST"));
        return new Rendezvous(
                variables.number("SLURM_PROCID"),
                variables.number("SLURM_NTASKS"),
                variables.number("SLURM_LOCALID"),
                // "8" or, of unequal nodes, "8(x2),4".
                variables.has("SLURM_STEP_TASKS_PER_NODE")
                        ? Variables.number(
                                "SLURM_STEP_TASKS_PER_NODE",
                                variables.text("SLURM_STEP_TASKS_PER_NODE").replaceFirst("[(,].*", ""))
                        : 1,
                new Host(address, variables.number("MASTER_PORT", PORT)));
    }

    /** The first machine of Slurm's list, which task 0 runs on. */
    static String firstNode(String list) {
        var matcher = FIRST_NODE.matcher(list);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "SLURM_STEP_NODELIST names no machine: '" + list + "'; set MASTER_ADDR to that of task 0");
        }
        return matcher.group(1) + Optional.ofNullable(matcher.group(2)).orElse("");
    }

    /** Variables that are there count only if they aren't blank. */
    private record Variables(Map<String, String> values) {
        boolean has(String name) {
            return !values.getOrDefault(name, "").isBlank();
        }

        String text(String name) {
            if (has(name)) return values.getOrDefault(name, "").strip();
            throw new IllegalArgumentException("the environment says that this process is one of several, but " + name
                    + " is not set; set RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT (LOCAL_RANK and LOCAL_WORLD_SIZE"
                    + " where several run on one machine), or none of them");
        }

        int number(String name) {
            return number(name, text(name));
        }

        int number(String name, int otherwise) {
            return has(name) ? number(name) : otherwise;
        }

        static int number(String name, String text) {
            try {
                return Integer.parseInt(text);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(name + " must be a whole number, got '" + text + "'", e);
            }
        }
    }
}
