package io.equipoise.distributed;

import io.equipoise.memory.Memory;
import io.equipoise.memory.Vector;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Backend;
import org.bytedeco.pytorch.BroadcastOptions;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.global.torch;

/** libtorch's c10d: Gloo for what is in the host's memory, and NCCL for what is in a graphics card's. */
final class C10dCollective implements Collective {
    /** What goes with a message's length in the first operation of a gather. */
    private static final int HEAD = 512;

    private static final int SHORT = HEAD - Long.BYTES;

    private final Rendezvous rendezvous;
    private final Duration timeout;
    private final Noticeboard board;
    private final Presence presence;
    private final Backend host;
    /** For vectors in a card's memory. */
    private final Optional<Backend> card;

    private final AtomicLong sentBytes = new AtomicLong();
    private final AtomicLong sumNanos = new AtomicLong();
    private final AtomicLong gatherNanos = new AtomicLong();
    private volatile Optional<LostRankException> failure = Optional.empty();
    private boolean closed;

    C10dCollective(
            Rendezvous rendezvous,
            Duration timeout,
            Noticeboard board,
            Presence presence,
            Backend host,
            Optional<Backend> card) {
        this.rendezvous = rendezvous;
        this.timeout = timeout;
        this.board = board;
        this.presence = presence;
        this.host = host;
        this.card = card;
    }

    @Override
    public int rank() {
        return rendezvous.rank();
    }

    @Override
    public int size() {
        return rendezvous.size();
    }

    @Override
    public Pending sum(Vector values) {
        if (values.size() == 0) return Pending.NONE;
        sentBytes.addAndGet(2 * share(values.size() * values.type().bytes()));
        return begin("sum", values, (backend, tensors) -> backend.allreduce(tensors), sumNanos);
    }

    @Override
    public Pending broadcast(Vector values, int root) {
        if (values.size() == 0) return Pending.NONE;
        if (root == rank()) sentBytes.addAndGet(values.size() * values.type().bytes());
        return begin(
                "broadcast",
                values,
                (backend, tensors) -> {
                    try (var options = new BroadcastOptions()) {
                        return backend.broadcast(tensors, options.rootRank(root));
                    }
                },
                gatherNanos);
    }

    /** (N − 1)/N of so many bytes: what every rank sends in half a ring. */
    private long share(long bytes) {
        return bytes * (size() - 1) / size();
    }

    @FunctionalInterface
    private interface Operation {
        Work begin(Backend backend, TensorVector tensors);
    }

    private Pending begin(String what, Vector values, Operation operation, AtomicLong spent) {
        requireUsable();
        Work work;
        try (var scope = new PointerScope()) {
            var backend = values.memory() == Memory.HOST ? host : card.orElseThrow();
            work = operation.begin(backend, new TensorVector(tensor(values))).retainReference();
        } catch (RuntimeException e) {
            throw lost(what, e);
        }
        return () -> await(what, work, spent);
    }

    /** The vector's own memory as libtorch sees it. */
    private static Tensor tensor(Vector values) {
        long[] shape = {values.size()};
        if (values.memory() == Memory.HOST) return torch.from_blob(values.address(), shape);
        return torch.from_blob(values.address(), shape, new TensorOptions(new Device("cuda:0")));
    }

    private void await(String what, Work work, AtomicLong spent) {
        long start = System.nanoTime();
        try {
            work._wait();
        } catch (RuntimeException e) {
            throw lost(what, e);
        } finally {
            work.releaseReference();
            spent.addAndGet(System.nanoTime() - start);
        }
    }

    @Override
    public byte[][] gather(byte[] own) {
        requireUsable();
        // Most messages are short: these go with their length, in one operation.
        byte[] head = new byte[HEAD];
        ByteBuffer.wrap(head).putLong(own.length).put(own, 0, Math.min(own.length, SHORT));
        var parts = new byte[size()][];
        byte[][] heads = gatherEqual(head);
        int longest = 0;
        for (int r = 0; r < parts.length; r++) {
            int length = Math.toIntExact(ByteBuffer.wrap(heads[r]).getLong());
            longest = Math.max(longest, length);
            parts[r] = new byte[length];
            System.arraycopy(heads[r], Long.BYTES, parts[r], 0, Math.min(length, SHORT));
        }
        if (longest <= SHORT) return parts;
        byte[][] rests = gatherEqual(
                Arrays.copyOfRange(own, Math.min(own.length, SHORT), Math.min(own.length, SHORT) + longest - SHORT));
        for (int r = 0; r < parts.length; r++) {
            if (parts[r].length > SHORT) System.arraycopy(rests[r], 0, parts[r], SHORT, parts[r].length - SHORT);
        }
        return parts;
    }

    /** {@link #gather} of as many bytes from every rank. */
    private byte[][] gatherEqual(byte[] own) {
        sentBytes.addAndGet((long) (size() - 1) * own.length);
        try (var scope = new PointerScope()) {
            var options = new TensorOptions(torch.ScalarType.Byte);
            var mine = torch.from_blob(new BytePointer(own), new long[] {own.length}, options);
            var all = torch.empty(new long[] {(long) size() * own.length}, options, new MemoryFormatOptional());
            Work work;
            try {
                work = host._allgather_base(all, mine).retainReference();
            } catch (RuntimeException e) {
                throw lost("gather", e);
            }
            await("gather", work, gatherNanos);
            var bytes = new BytePointer(all.data_ptr());
            var parts = new byte[size()][own.length];
            for (int r = 0; r < parts.length; r++)
                bytes.position((long) r * own.length).get(parts[r]);
            return parts;
        }
    }

    private void requireUsable() {
        if (closed) throw new IllegalStateException("this collective is closed");
        if (failure.isPresent()) throw failure.get();
    }

    private synchronized LostRankException lost(String what, RuntimeException cause) {
        if (failure.isPresent()) return failure.get();
        String who = presence.lost()
                .orElse("all ranks are still there, so one of them computes for longer than that or"
                        + " does other things than this one");
        var lost = new LostRankException(
                "rank " + rank() + " of " + size() + " waited in vain for the others (" + what
                        + ", --collective-timeout " + timeout.toSeconds() + " s): " + who
                        + "; go on from the last checkpoint with --resume",
                cause);
        failure = Optional.of(lost);
        presence.leave(Presence.LOST_OTHERS);
        // The notes go with the process that keeps them, and the others may not have read them yet.
        if (rank() == 0 && rendezvous.meeting() instanceof Rendezvous.Host) presence.linger();
        return lost;
    }

    @Override
    public Traffic traffic() {
        return new Traffic(sentBytes.get(), sumNanos.get() * 1e-9, gatherNanos.get() * 1e-9);
    }

    @Override
    public void leaving(String reason) {
        if (failure.isEmpty()) presence.leave(reason);
    }

    @Override
    public void close() {
        if (closed) return;
        closed = true;
        presence.close();
        // After a failure c10d's threads may still wait for the lost, and would make this wait for them.
        if (failure.isPresent()) return;
        card.ifPresent(Backend::releaseReference);
        host.releaseReference();
        board.close();
    }
}
