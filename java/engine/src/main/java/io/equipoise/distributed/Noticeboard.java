package io.equipoise.distributed;

import io.equipoise.InvalidInputException;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.time.Duration;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.FileStore;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.StringVector;
import org.bytedeco.pytorch.TCPStore;
import org.bytedeco.pytorch.TCPStoreOptions;

/** Short notes that ranks leave for each other: c10d's store, in a file or behind a port of rank 0. */
final class Noticeboard implements AutoCloseable {
    private static final String PREFIX = "equipoise/";
    /** A connection to its port that looks for this rank's own address; nothing is ever sent. */
    private static final String LOOPBACK = "127.0.0.1";

    private final Store store;

    private Noticeboard(Store store) {
        this.store = store;
    }

    /**
     * Opens the notes of a run.
     *
     * @param opens whether this process opens the port, if it is one; one process does
     * @param patience how long to wait for a port that isn't open yet, and for notes
     */
    static Noticeboard open(Rendezvous.Meeting meeting, boolean opens, Duration patience) {
        try (var scope = new PointerScope();
                var timeout = new Milliseconds(patience.toMillis())) {
            Store store = meeting instanceof Rendezvous.Host host
                    ? new TCPStore(
                            host.address(),
                            new TCPStoreOptions()
                                    .port((short) host.port())
                                    .isServer(opens)
                                    .waitWorkers(false)
                                    .timeout(timeout))
                    // Any number of users: every rank has the file open more than once.
                    : new FileStore(meeting.toString(), -1);
            store.setTimeout(timeout);
            store.retainReference();
            return new Noticeboard(store);
        }
    }

    /** c10d's, for what else of it wants one. */
    Store store() {
        return store;
    }

    void put(String name, String note) {
        store.set(PREFIX + name, note);
    }

    /** A note, if it is there. */
    Optional<String> find(String name) {
        try (var names = new StringVector(PREFIX + name)) {
            if (!store.check(names)) return Optional.empty();
        }
        return Optional.of(store.get_to_str(PREFIX + name));
    }

    /** The address of this machine that others reach it by, on the way to the meeting. */
    static String ownAddress(Rendezvous.Meeting meeting) {
        if (!(meeting instanceof Rendezvous.Host host)) return LOOPBACK;
        var there = new InetSocketAddress(host.address(), host.port());
        if (there.isUnresolved()) {
            throw new InvalidInputException("the machine of rank 0, MASTER_ADDR '" + host.address()
                    + "', has no address; set MASTER_ADDR to a name or address that every machine knows");
        }
        try (var socket = new DatagramSocket()) {
            socket.connect(there);
            return socket.getLocalAddress().getHostAddress();
        } catch (SocketException e) {
            throw new InvalidInputException("there is no way from this machine to MASTER_ADDR " + host.address(), e);
        }
    }

    @Override
    public void close() {
        store.releaseReference();
    }
}
