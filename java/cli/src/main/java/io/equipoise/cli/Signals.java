package io.equipoise.cli;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The signals that end the program in order, with 128 and the signal's number: those for which a JVM does so by itself, and
 * SIGUSR1, which Slurm and other schedulers are often told to send before they take the machine away.
 */
final class Signals {
    private static final List<String> NAMES = List.of("HUP", "INT", "TERM", "USR1");
    /** What a shell adds to a signal's number. */
    private static final int SIGNALLED = 128;

    private static final int NONE = 0;

    private static volatile int received = NONE;

    private Signals() {}

    /** From now on they do, those aside that this process was started to ignore. */
    static void endTheProgram() {
        for (String name : NAMES) {
            try {
                handle(name);
            } catch (InvocationTargetException e) {
                // The JVM was told to leave it alone (-Xrs), or the system has no such signal.
                logger().debug("SIG{} is not handled: {}", name, String.valueOf(e.getCause()));
            } catch (ReflectiveOperationException e) {
                logger().debug("this JVM has no signals", e);
            }
        }
    }

    private static Logger logger() {
        return LoggerFactory.getLogger(Signals.class);
    }

    /** By reflection: javac warns of the class, in a way that can't be turned off. */
    private static void handle(String name) throws ReflectiveOperationException {
        var type = Class.forName("sun.misc.Signal");
        var handler = Class.forName("sun.misc.SignalHandler");
        var signal = type.getConstructor(String.class).newInstance(name);
        int number = (Integer) type.getMethod("getNumber").invoke(signal);
        InvocationHandler ending = (proxy, method, arguments) -> switch (method.getName()) {
            case "equals" -> proxy == arguments[0];
            case "hashCode" -> number;
            case "toString" -> "ends the program";
            default -> {
                end(number);
                // The method returns nothing.
                yield method;
            }
        };
        var mine = Proxy.newProxyInstance(Signals.class.getClassLoader(), new Class<?>[] {handler}, ending);
        var handle = type.getMethod("handle", type, handler);
        var ignoring = handler.getField("SIG_IGN").get(null);
        if (handle.invoke(null, signal, mine) == ignoring) handle.invoke(null, signal, ignoring);
    }

    private static void end(int number) {
        if (received == NONE) received = number;
        // Runs the shutdown hooks, in which a run comes to a place where it can go on from.
        System.exit(SIGNALLED + number);
    }

    /** What the program will end with, once one of these signals has come. */
    static OptionalInt exitCode() {
        return received == NONE ? OptionalInt.empty() : OptionalInt.of(SIGNALLED + received);
    }

    /** The signal that ended a process, by its exit code as a shell has it; empty if none did. */
    static OptionalInt of(int code) {
        return code > SIGNALLED ? OptionalInt.of(code - SIGNALLED) : OptionalInt.empty();
    }
}
