package io.equipoise.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.PrintStream;

/** Where results (stdout) and everything else (stderr) go. Safe for use by several threads. */
final class Console {
    private static final JsonMapper JSON = new JsonMapper();
    private static final int NOTHING = 0;

    private final PrintStream out;
    private final PrintStream err;
    private final boolean terminal;
    private boolean json;
    /** Whether stdout has the one object that it is to have with {@code --json}. */
    private boolean answered;

    private boolean verbose;
    /** Columns of the line that is being rewritten in place. */
    private int progress = NOTHING;

    /** @param terminal whether err is a terminal, on which a line may be rewritten */
    Console(PrintStream out, PrintStream err, boolean terminal) {
        this.out = out;
        this.err = err;
        this.terminal = terminal;
    }

    void json(boolean value) {
        json = value;
    }

    boolean json() {
        return json;
    }

    void verbose(boolean value) {
        verbose = value;
    }

    boolean verbose() {
        return verbose;
    }

    boolean terminal() {
        return terminal;
    }

    PrintStream out() {
        return out;
    }

    PrintStream err() {
        return err;
    }

    /** The result for people; nothing with {@code --json}. */
    synchronized void result(String text) {
        endProgress();
        if (!json) out.println(text);
        out.flush();
    }

    /** The result for programs; nothing without {@code --json}. */
    synchronized void result(JsonNode node) {
        endProgress();
        if (!json || answered) return;
        answered = true;
        try {
            out.println(JSON.writeValueAsString(node));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of plain values could not be written", e);
        }
        out.flush();
    }

    /**
     * With {@code --json} and no result so far: {@code {"error": …}} in its place.
     *
     * @param code that the program ends with
     */
    void failure(String message, int code) {
        var node = JSON.createObjectNode();
        node.putObject("error").put("message", message).put("exitCode", code);
        result(node);
    }

    /** A line on stderr. */
    synchronized void say(String line) {
        endProgress();
        err.println(line);
        err.flush();
    }

    /** A line on stderr that the next one replaces. */
    synchronized void progress(String line) {
        err.print("\r" + line + " ".repeat(Math.max(0, progress - line.length())));
        err.flush();
        progress = line.length();
    }

    private void endProgress() {
        if (progress == NOTHING) return;
        err.println();
        progress = NOTHING;
    }
}
