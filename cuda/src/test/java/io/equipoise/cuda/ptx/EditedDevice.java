package io.equipoise.cuda.ptx;

import io.equipoise.cuda.Device;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.Pointer;

/** An interpreter to which the first kernel that is loaded comes with a change in its text. */
final class EditedDevice implements Device {
    private static final Pattern ENTRY = Pattern.compile("(?s)\\.visible \\.entry (\\w+)\\(.*?\\n\\}\\n");

    private final PtxInterpreter interpreter;
    private final UnaryOperator<String> edit;
    private String edited = "";

    EditedDevice(PtxInterpreter interpreter, UnaryOperator<String> edit) {
        this.interpreter = interpreter;
        this.edit = edit;
    }

    @Override
    public String description() {
        return interpreter.description() + ", edited";
    }

    @Override
    public int architecture() {
        return interpreter.architecture();
    }

    @Override
    public long allocate(long bytes) {
        return interpreter.allocate(bytes);
    }

    @Override
    public void free(long address) {
        interpreter.free(address);
    }

    @Override
    public boolean holds(Pointer pointer) {
        return interpreter.holds(pointer);
    }

    @Override
    public void clear(long address, long bytes) {
        interpreter.clear(address, bytes);
    }

    @Override
    public void copy(long to, long from, long bytes) {
        interpreter.copy(to, from, bytes);
    }

    @Override
    public void copyToDevice(long address, Pointer host, long bytes) {
        interpreter.copyToDevice(address, host, bytes);
    }

    @Override
    public void copyToHost(Pointer host, long address, long bytes) {
        interpreter.copyToHost(host, address, bytes);
    }

    @Override
    public Kernel kernel(String ptx, String name) {
        if (edited.isEmpty()) edited = name;
        var alone = alone(ptx, name);
        return interpreter.kernel(edited.equals(name) ? edit.apply(alone) : alone, name);
    }

    /** A module without its other kernels. */
    static String alone(String ptx, String name) {
        return ENTRY.matcher(ptx)
                .replaceAll(entry -> entry.group(1).equals(name) ? Matcher.quoteReplacement(entry.group()) : "");
    }

    @Override
    public void launch(Kernel kernel, Grid grid, Object... arguments) {
        interpreter.launch(kernel, grid, arguments);
    }

    @Override
    public void synchronize() {
        interpreter.synchronize();
    }

    @Override
    public void close() {
        interpreter.close();
    }
}
