package io.equipoise.distributed;

import java.time.Duration;
import java.util.Optional;
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
        if (rendezvous.size() == 1) return Collective.alone();
        var meeting = rendezvous.meeting();
        Noticeboard board;
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
        }
        awaitAll(board, rendezvous, timeout);
        var signs = Noticeboard.open(meeting, false, timeout);
        var presence = new Presence(rendezvous.rank(), rendezvous.size(), signs, timeout);
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

    private static void awaitAll(Noticeboard board, Rendezvous rendezvous, Duration timeout) {
        board.put(
                "joined/" + rendezvous.rank(),
                Long.toString(ProcessHandle.current().pid()));
        long end = System.nanoTime() + timeout.toNanos();
        while (true) {
            int[] missing = IntStream.range(0, rendezvous.size())
                    .filter(r -> board.find("joined/" + r).isEmpty())
                    .toArray();
            if (missing.length == 0) return;
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
