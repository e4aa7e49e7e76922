package io.equipoise.distributed;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells the other ranks again and again that this one is there, and finds out which of them isn't. A thread of its own does
 * it, so a rank that computes for long is there, and one that is killed or stopped is not.
 */
final class Presence implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Presence.class);
    private static final long SHORTEST_MILLIS = 50;
    private static final long LONGEST_MILLIS = 5000;
    /** Signs of life in a collective timeout. */
    private static final int SIGNS = 40;
    /** Intervals without a sign after which a rank isn't there. */
    private static final int PATIENCE = 4;
    /** How often processes of this machine are looked for meanwhile. */
    private static final long LOOK_MILLIS = 50;
    /** Why a rank leaves that is not itself the reason for anything. */
    static final String LOST_OTHERS = "it lost others";

    private final int rank;
    private final int size;
    private final Noticeboard board;
    private final boolean oneMachine;
    private final long interval;
    private final ScheduledExecutorService thread = Executors.newSingleThreadScheduledExecutor(Presence::daemon);
    private final Future<?> signs;
    private long beats;

    /**
     * Begins.
     *
     * @param board used by nobody else, and closed with this
     * @param timeout of collectives: what a rank's absence may take to be known
     */
    Presence(Rendezvous rendezvous, Noticeboard board, Duration timeout) {
        rank = rendezvous.rank();
        size = rendezvous.size();
        oneMachine = rendezvous.meeting() instanceof Rendezvous.File;
        this.board = board;
        interval = Math.max(SHORTEST_MILLIS, Math.min(LONGEST_MILLIS, timeout.toMillis() / SIGNS));
        signs = thread.scheduleAtFixedRate(this::beat, 0, interval, TimeUnit.MILLISECONDS);
    }

    private static Thread daemon(Runnable task) {
        var thread = new Thread(task, "equipoise-presence");
        thread.setDaemon(true);
        return thread;
    }

    /** How long {@link #lost} takes. */
    Duration delay() {
        return Duration.ofMillis(interval * (PATIENCE + 1));
    }

    private void beat() {
        try {
            board.put("beat/" + rank, Long.toString(++beats));
        } catch (RuntimeException e) {
            // The board was rank 0's: whoever waits for that will notice.
            LOG.debug("no sign of life could be left", e);
        }
    }

    /** Notes why this rank leaves; nothing if it can't be noted. */
    void leave(String reason) {
        bounded(() -> {
            board.put("left/" + rank, reason.isBlank() ? "for no known reason" : reason);
            return true;
        });
    }

    /**
     * Looks who isn't there any more.
     *
     * @return sentences; empty if all are there
     */
    Optional<String> lost() {
        var before = bounded(this::beatsOfAll);
        if (before.isEmpty()) return Optional.of(silentBoard());
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(interval * PATIENCE);
        while (System.nanoTime() < end) {
            var known = bounded(this::known);
            if (known.isEmpty()) return Optional.of(silentBoard());
            if (!known.get().isEmpty()) return known;
            try {
                // Hundreds of ranks that ask all the time would be too much for the one that answers.
                Thread.sleep(oneMachine ? LOOK_MILLIS : interval);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        var after = bounded(this::beatsOfAll);
        var reasons = bounded(this::reasons);
        if (after.isEmpty() || reasons.isEmpty()) return Optional.of(silentBoard());
        int[] missing = IntStream.range(0, size)
                .filter(r -> r != rank && reasons.get().get(r).isEmpty())
                .filter(r -> before.get().get(r).equals(after.get().get(r)))
                .toArray();
        if (missing.length > 0) return Optional.of(names(missing) + " no longer there: killed, stopped or cut off");
        String left = left(reasons.get());
        return left.isEmpty() ? Optional.empty() : Optional.of(left);
    }

    private String left(List<Optional<String>> reasons) {
        return IntStream.range(0, size)
                .filter(r -> r != rank)
                .mapToObj(r -> reasons.get(r).map(reason -> "rank " + r + " has left: " + reason))
                .flatMap(Optional::stream)
                .collect(Collectors.joining("; "));
    }

    /** What needs no waiting for: a process of this machine that has ended without a word, a rank that has said why it left; else "". */
    private String known() {
        // In this order: whoever has ended by now has left its reason, if it has one.
        boolean[] ended = new boolean[size];
        for (int r = 0; r < size; r++) ended[r] = r != rank && hasEnded(r);
        var reasons = reasons();
        int[] silent = IntStream.range(0, size)
                .filter(r -> ended[r] && reasons.get(r).isEmpty())
                .toArray();
        if (silent.length > 0) return names(silent) + " no longer there: killed";
        boolean explained = IntStream.range(0, size)
                .anyMatch(r -> r != rank
                        && reasons.get(r)
                                .filter(why -> !why.equals(LOST_OTHERS))
                                .isPresent());
        return explained ? left(reasons) : "";
    }

    private boolean hasEnded(int r) {
        return oneMachine
                && board.find("joined/" + r)
                        .flatMap(LocalProcess::of)
                        .filter(LocalProcess::hasEnded)
                        .isPresent();
    }

    /** Waits until all who are still there have left too, though no longer than it takes them to find out. */
    void linger() {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(interval * PATIENCE * 2);
        while (System.nanoTime() < end) {
            var reasons = bounded(this::reasons);
            if (reasons.isEmpty() || reasons.get().stream().allMatch(Optional::isPresent)) return;
            try {
                Thread.sleep(interval);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private static String names(int[] ranks) {
        String list = IntStream.of(ranks).mapToObj(Integer::toString).collect(Collectors.joining(", "));
        return ranks.length == 1 ? "rank " + list + " is" : "ranks " + list + " are";
    }

    private static String silentBoard() {
        return "rank 0, which keeps the ranks' notes, does not answer: killed, stopped or cut off";
    }

    private List<Optional<String>> beatsOfAll() {
        return notes("beat/");
    }

    private List<Optional<String>> reasons() {
        return notes("left/");
    }

    private List<Optional<String>> notes(String kind) {
        var notes = new ArrayList<Optional<String>>();
        for (int r = 0; r < size; r++) notes.add(board.find(kind + r));
        return notes;
    }

    /** Asks the board on the thread that it belongs to, which a rank 0 that is stopped would hold for ever. */
    private <T> Optional<T> bounded(Callable<T> question) {
        try {
            return Optional.of(thread.submit(question).get(interval * PATIENCE, TimeUnit.MILLISECONDS));
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("the ranks' notes can't be read", e);
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    /** Ends the signs of life. */
    @Override
    public void close() {
        signs.cancel(false);
        thread.shutdown();
        try {
            // If it hangs in the board, the board must stay.
            if (thread.awaitTermination(interval * PATIENCE, TimeUnit.MILLISECONDS)) board.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
