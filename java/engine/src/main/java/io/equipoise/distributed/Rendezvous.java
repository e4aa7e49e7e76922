package io.equipoise.distributed;

import io.equipoise.InvalidInputException;
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

    private static final String SIZE = "WORLD_SIZE";
    private static final String SLURM_RANK = "SLURM_PROCID";
    private static final String SLURM_JOB_SIZE = "SLURM_NTASKS";
    private static final String SLURM_STEP_SIZE = "SLURM_STEP_NUM_TASKS";
    /** Slurm's numbers of steps that are a single shell, from the interactive one of salloc on, and not started by srun. */
    private static final long FIRST_SHELL = 0xFFFF_FFFAL;

    private static final int PORT = 29_500;
    private static final int LARGEST_PORT = 65_535;
    /** {@code gpu[003-007,9],x} or {@code gpu1,gpu2}: the name, then what the first of its numbers is. */
    private static final Pattern FIRST_NODE = Pattern.compile("([^,\\[]+)(?:\\[([^,\\]-]+)[^\\]]*\\])?.*");

    public Rendezvous {
        if (size < 1) throw new InvalidInputException("WORLD_SIZE must be >= 1, got " + size);
        if (rank < 0 || rank >= size) {
            throw new InvalidInputException("RANK must be from 0 to WORLD_SIZE - 1 = " + (size - 1) + ", got " + rank);
        }
        if (localSize < 1 || localRank < 0) {
            throw new InvalidInputException(
                    "LOCAL_RANK must be >= 0 and LOCAL_WORLD_SIZE >= 1, got " + localRank + " and " + localSize);
        }
    }

    /** Where the ranks leave word for each other. */
    public sealed interface Meeting permits Host, File {}

    /** A port of the machine that rank 0 runs on, which opens it. */
    public record Host(String address, int port) implements Meeting {
        public Host {
            if (port < 1 || port > LARGEST_PORT) {
                throw new InvalidInputException("MASTER_PORT must be from 1 to " + LARGEST_PORT + ", got " + port);
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
     * @return empty if the process is on its own: nothing says otherwise, or that it is one of one
     * @throws InvalidInputException if only some are set, or one has no meaning
     */
    public static Optional<Rendezvous> of(Map<String, String> environment) {
        var variables = new Variables(environment);
        if (variables.has("RANK") || variables.has(SIZE)) {
            return variables.isAlone() ? Optional.empty() : Optional.of(ofRanks(variables));
        }
        return variables.isTask() && variables.number(variables.slurmSize()) > 1
                ? Optional.of(ofSlurm(variables))
                : Optional.empty();
    }

    /** The variable that said how many ranks there are; empty if the process is on its own. */
    public static Optional<String> source(Map<String, String> environment) {
        var variables = new Variables(environment);
        if (variables.has("RANK") || variables.has(SIZE)) return Optional.of(SIZE);
        return variables.isTask() ? Optional.of(variables.slurmSize()) : Optional.empty();
    }

    /** The variables by which a process is known as one of several: without them it is on its own. */
    public static String marks(Map<String, String> environment) {
        var variables = new Variables(environment);
        String slurm = variables.isTask() ? SLURM_RANK : "";
        if (!variables.has("RANK") && !variables.has(SIZE)) return slurm;
        return "RANK and " + SIZE + (slurm.isEmpty() ? "" : " and " + slurm);
    }

    private static Rendezvous ofRanks(Variables variables) {
        int rank = variables.number("RANK");
        int size = variables.number(SIZE);
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
                variables.number(SLURM_RANK),
                variables.number(variables.slurmSize()),
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
            throw new InvalidInputException(
                    "SLURM_STEP_NODELIST names no machine: '" + list + "'; set MASTER_ADDR to that of task 0");
        }
        return matcher.group(1) + Optional.ofNullable(matcher.group(2)).orElse("");
    }

    /** Variables that are there count only if they aren't blank. */
    private record Variables(Map<String, String> values) {
        boolean has(String name) {
            return !values.getOrDefault(name, "").isBlank();
        }

        /** Whether it is the one rank of one, for which it takes no place to meet. */
        boolean isAlone() {
            return has(SIZE) && number(SIZE) == 1 && number("RANK", 0) == 0;
        }

        /**
         * Whether srun has started the process. In a batch script itself, or in salloc's shell, there is one process whatever the
         * number of tasks of the job.
         */
        boolean isTask() {
            String step = has("SLURM_STEP_ID") ? "SLURM_STEP_ID" : "SLURM_STEPID";
            if (!has(SLURM_RANK) || !has(step)) return false;
            return !text(step).matches("\\d{1,18}") || Long.parseLong(text(step)) < FIRST_SHELL;
        }

        /** The step's own number of tasks, where Slurm tells it: a step may have fewer than its job. */
        String slurmSize() {
            return has(SLURM_STEP_SIZE) ? SLURM_STEP_SIZE : SLURM_JOB_SIZE;
        }

        String text(String name) {
            if (has(name)) return values.getOrDefault(name, "").strip();
            throw new InvalidInputException("the environment says that this process is one of several, but " + name
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
                throw new InvalidInputException(name + " must be a whole number, got '" + text + "'", e);
            }
        }
    }
}
