package io.equipoise.distributed;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.Backend;
import org.bytedeco.pytorch.GlooDeviceVector;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Brings the ranks of a run together. */
public final class Collectives {
    private static final Logger LOG = LoggerFactory.getLogger(Collectives.class);
    /** Names the network interface that Gloo is to use, as in PyTorch. */
    private static final String INTERFACE = "GLOO_SOCKET_IFNAME";

    private static final long POLL_MILLIS = 20;
    /** After so long a rank that can't reach the meeting place says so. */
    private static final long SILENT_MILLIS = 1000;

    private Collectives() {}

    /**
     * Joins the run's other ranks, and waits for them.
     *
     * @param timeout after which a rank that has not come to a collective operation is taken for lost
     * @param cuda whether there will be vectors in a graphics card's memory
     * @return the caller closes it
     * @throws LostRankException if not all have come in that time
     */
    public static Collective join(Rendezvous rendezvous, Duration timeout, boolean cuda) {
        return join(
                rendezvous,
                timeout,
                cuda,
                missing -> LOG.info("rank {} waits for {} at {}", rendezvous.rank(), missing, rendezvous.meeting()));
    }

    /**
     * The same, told whom it waits for.
     *
     * @param waiting is told once, at the beginning and by any thread: of rank 0 all others that haven't come yet, of another one
     *     rank 0 if its port isn't open
     */
    public static Collective join(
            Rendezvous rendezvous, Duration timeout, boolean cuda, Consumer<List<Integer>> waiting) {
        if (rendezvous.size() == 1) return Collective.alone();
        var meeting = rendezvous.meeting();
        Noticeboard board;
        var opened = new CountDownLatch(1);
        if (rendezvous.rank() > 0) tellIfSlow(opened, waiting);
        try {
            board = Noticeboard.open(meeting, rendezvous.rank() == 0, timeout);
        } catch (RuntimeException e) {
            throw new LostRankException(
                    "rank " + rendezvous.rank() + " could not reach " + meeting
                            + (rendezvous.rank() == 0
                                    ? " as rank 0, which opens it: is it this machine's, and is the port free?"
                                    : ", which rank 0 opens, within " + timeout.toSeconds()
                                            + " s: was rank 0 started, and is" + " MASTER_ADDR its machine?"),
                    e);
        } finally {
            opened.countDown();
        }
        awaitAll(board, rendezvous, timeout, waiting);
        var signs = Noticeboard.open(meeting, false, timeout);
        var presence = new Presence(rendezvous, signs, timeout);
        // What it takes to find out who is missing is part of the time that is allowed.
        var patience = timeout.minus(presence.delay().multipliedBy(2));
        try {
            var host = gloo(board, rendezvous, patience);
            var card = cuda ? Optional.of(Nccl.group(board, rendezvous, patience)) : Optional.<Backend>empty();
            LOG.debug("rank {} of {} has met the others at {}", rendezvous.rank(), rendezvous.size(), meeting);
            return new C10dCollective(rendezvous, timeout, board, presence, host, card);
        } catch (RuntimeException e) {
            String who = presence.lost().orElse("all have come, but they can't reach each other over the network");
            presence.close();
            throw new LostRankException("rank " + rendezvous.rank() + " could not connect to the others: " + who, e);
        }
    }

    private static void tellIfSlow(CountDownLatch opened, Consumer<List<Integer>> waiting) {
        var thread = new Thread(
                () -> {
                    try {
                        if (!opened.await(SILENT_MILLIS, TimeUnit.MILLISECONDS)) waiting.accept(List.of(0));
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "equipoise-waiting");
        thread.setDaemon(true);
        thread.start();
    }

    private static void awaitAll(
            Noticeboard board, Rendezvous rendezvous, Duration timeout, Consumer<List<Integer>> waiting) {
        board.put("joined/" + rendezvous.rank(), LocalProcess.current().note());
        long end = System.nanoTime() + timeout.toNanos();
        boolean told = rendezvous.rank() > 0;
        while (true) {
            int[] missing = IntStream.range(0, rendezvous.size())
                    .filter(r -> board.find("joined/" + r).isEmpty())
                    .toArray();
            if (missing.length == 0) return;
            if (!told) waiting.accept(IntStream.of(missing).boxed().toList());
            told = true;
            if (System.nanoTime() > end) {
                throw new LostRankException(
                        "of " + rendezvous.size() + " ranks these have not come to " + rendezvous.meeting() + " within "
                                + timeout.toSeconds() + " s: "
                                + IntStream.of(missing)
                                        .mapToObj(Integer::toString)
                                        .collect(Collectors.joining(", "))
                                + "; start them all, with one WORLD_SIZE",
                        new IllegalStateException("not all have joined"));
            }
            pause();
        }
    }

    private static void pause() {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for other ranks", e);
        }
    }

    private static Backend gloo(Noticeboard board, Rendezvous rendezvous, Duration patience) {
        try (var scope = new PointerScope();
                var timeout = new Milliseconds(patience.toMillis())) {
            String name = System.getenv().getOrDefault(INTERFACE, "");
            var device = name.isBlank()
                    ? ProcessGroupGloo.createDeviceForHostname(Noticeboard.ownAddress(rendezvous.meeting()))
                    : ProcessGroupGloo.createDeviceForInterface(name);
            var options = ProcessGroupGloo.Options.create(timeout);
            options.devices(new GlooDeviceVector(device));
            return new ProcessGroupGloo(board.store(), rendezvous.rank(), rendezvous.size(), options).retainReference();
        }
    }
}
