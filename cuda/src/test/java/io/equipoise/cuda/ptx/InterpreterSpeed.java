package io.equipoise.cuda.ptx;

import io.equipoise.cuda.CudaKernels;
import io.equipoise.cuda.Device.Grid;
import java.util.Random;
import org.bytedeco.javacpp.BytePointer;

/**
 * Prints how many instructions of single threads the interpreter executes a second, checks and all. No test: run it by hand,
 * on a machine that does nothing else.
 */
final class InterpreterSpeed {
    private static final int ROWS = 4;
    private static final int COLUMNS = 50257;

    private InterpreterSpeed() {}

    public static void main(String[] arguments) {
        for (var type : new String[] {"f32", "bf16"}) {
            for (int architecture : new int[] {80, 120}) measure(type, architecture);
        }
    }

    private static void measure(String type, int architecture) {
        int bytes = type.equals("f32") ? 4 : 2;
        try (var device = new PtxInterpreter(architecture);
                var host = new BytePointer((long) ROWS * COLUMNS * bytes);
                var tokens = new BytePointer(4L * ROWS)) {
            var random = new Random(1);
            for (long i = 0; i < host.capacity(); i += bytes) {
                int bits = Float.floatToRawIntBits((float) random.nextGaussian());
                if (bytes == 4) host.putInt(i, bits);
                else host.putShort(i, (short) (bits >>> 16));
            }
            for (int row = 0; row < ROWS; row++) tokens.putInt(4L * row, 1000 * row);
            long logits = device.allocate(host.capacity());
            device.copyToDevice(logits, host, host.capacity());
            long token = device.allocate(4L * ROWS);
            device.copyToDevice(token, tokens, 4L * ROWS);
            long results = device.allocate(12L * ROWS);
            var kernel = device.kernel(
                    CudaKernels.ptx("token_log_prob", architecture), "token_log_prob_" + type + "_kernel");
            for (int run = 0; run < 8; run++) {
                long before = device.executed();
                long start = System.nanoTime();
                device.launch(
                        kernel,
                        Grid.of(ROWS, 256),
                        results,
                        results + 4L * ROWS,
                        results + 8L * ROWS,
                        logits,
                        token,
                        (long) COLUMNS,
                        (long) COLUMNS,
                        1f);
                double seconds = (System.nanoTime() - start) * 1e-9;
                long instructions = device.executed() - before;
                System.out.printf(
                        "%s sm_%d run %d: %.1f M instructions in %.3f s, %.1f M/s%n",
                        type, architecture, run, instructions * 1e-6, seconds, instructions * 1e-6 / seconds);
            }
        }
    }
}
