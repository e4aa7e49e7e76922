package io.equipoise.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.equipoise.cuda.Device.Grid;
import io.equipoise.cuda.RecordingDevice.Launch;
import io.equipoise.kernels.AdamRule;
import io.equipoise.kernels.CoefficientRule;
import io.equipoise.kernels.CoefficientRule.Form;
import io.equipoise.kernels.EnergyStatistics;
import io.equipoise.kernels.Truncation;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is launched fits the kernel that the PTX holds: its name, and every argument's type. A driver checks neither. */
class LaunchTest {
    private static final Pattern PARAMETER = Pattern.compile("\\.param \\.(\\w+)");

    /** Java types of an entry's parameters. */
    private static List<Class<?>> parameters(String ptx, String entry) {
        var declaration = Pattern.compile("\\.entry " + entry + "\\(([^)]*)\\)").matcher(ptx);
        assertThat(declaration.find()).as("the PTX has an entry %s", entry).isTrue();
        return PARAMETER
                .matcher(declaration.group(1))
                .results()
                .<Class<?>>map(type -> switch (type.group(1)) {
                    case "u64", "s64", "b64" -> Long.class;
                    case "u32", "s32", "b32" -> Integer.class;
                    case "f32" -> Float.class;
                    case "f64" -> Double.class;
                    default -> throw new AssertionError("a parameter of type " + type.group(1));
                })
                .toList();
    }

    private static void runEverything(CudaKernels kernels, DataType type) {
        var rule = new AdamRule(1e-3, 0.9, 0.999, 1e-8, 0.01, 3);
        try (var logits = Matrix.allocate(type, 3, 33, 40);
                var hidden = Matrix.allocate(DataType.BF16, 3, 8);
                var weight = Matrix.allocate(DataType.BF16, 500, 8);
                var token = Vector.i32(3);
                var float0 = Vector.f32(3);
                var float1 = Vector.f32(3);
                var float2 = Vector.f32(3);
                var sequence = Vector.i64(3);
                var double0 = Vector.f64(3);
                var double1 = Vector.f64(3);
                var double2 = Vector.f64(3);
                var statistics = Vector.f64(EnergyStatistics.SIZE);
                var tokens = Matrix.allocate(DataType.F32, 3, 5, 7);
                var phi = Matrix.allocate(DataType.F64, 3, 2);
                var lambda = Vector.f64(2);
                var copy = Vector.allocate(DataType.BF16, 3)) {
            kernels.sample(token, float0, logits, sequence, token, 0.7, Truncation.NONE, 5);
            kernels.sample(token, float0, logits, sequence, token, 0.7, new Truncation(4, 0.9), 5);
            kernels.tokenLogProb(float0, float1, float2, logits, token, 0.7);
            kernels.tokenLogProb(float0, float1, float2, List.of(logits, logits), token, 66);
            kernels.lmHeadSample(token, float0, hidden, weight, sequence, token, 0.7, 5);
            kernels.energy(double0, double1, double2, statistics, tokens, tokens, tokens, phi, lambda, token, -1.5);
            kernels.coefficient(double0, double1, double2, double2, new CoefficientRule(Form.GDC, -1.5, true));
            kernels.gradient(logits, float0, token, float1);
            kernels.adam(float0, float1, float2, float2, rule, -1);
            kernels.adam(float0, float1, float2, float2, copy, rule, -1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {80, 90, 120, 121})
    void argumentsHaveTheTypesOfTheShippedPtx(int architecture) {
        for (var type : new DataType[] {DataType.F32, DataType.BF16, DataType.F16}) {
            try (var device = new RecordingDevice(architecture)) {
                runEverything(new CudaKernels(device), type);
                assertThat(device.launches()).hasSize(13);
                for (var launch : device.launches()) {
                    assertThat(launch.ptx()).contains(".target sm_" + (architecture < 120 ? 80 : 120));
                    assertThat(launch.arguments().stream().<Class<?>>map(Object::getClass))
                            .as(launch.kernel())
                            .isEqualTo(parameters(launch.ptx(), launch.kernel()));
                }
                assertThat(device.live())
                        .as("blocks of memory left on the device")
                        .isZero();
            }
        }
    }

    @Test
    void everyEntryThatIsShippedIsLaunched() {
        var launched = new ArrayList<String>();
        var shipped = new ArrayList<String>();
        try (var device = new RecordingDevice(80)) {
            for (var type : new DataType[] {DataType.F32, DataType.BF16, DataType.F16}) {
                runEverything(new CudaKernels(device), type);
            }
            device.launches().forEach(launch -> launched.add(launch.kernel()));
            device.launches().stream().map(Launch::ptx).distinct().forEach(ptx -> Pattern.compile("\\.entry (\\w+)\\(")
                    .matcher(ptx)
                    .results()
                    .forEach(entry -> shipped.add(entry.group(1))));
        }
        assertThat(launched).containsAll(shipped);
    }

    @Test
    void gridsCoverTheRowsAndElements() {
        try (var device = new RecordingDevice(80)) {
            runEverything(new CudaKernels(device), DataType.F32);
            var grids = device.launches().stream().map(Launch::grid).distinct().toList();
            // One block a row; one block for 3 elements and for energy; 500 columns in tiles of 128.
            assertThat(grids).containsExactlyInAnyOrder(Grid.of(3, 256), Grid.of(1, 256), new Grid(4, 1, 256));
        }
        var rule = new AdamRule(1e-3, 0.9, 0.999, 1e-8, 0, 1);
        for (long size : new long[] {1024, 1025, 5_000_000}) {
            try (var device = new RecordingDevice(80);
                    var vector = Vector.f32(size)) {
                new CudaKernels(device).adam(vector, vector, vector, vector, rule, 1);
                assertThat(device.launches().get(0).grid().blocksX())
                        .isEqualTo(size == 1024 ? 1 : size == 1025 ? 2 : 4096);
            }
        }
    }

    @Test
    void nothingIsLaunchedForNothing() {
        try (var device = new RecordingDevice(80);
                var logits = Matrix.allocate(DataType.F32, 0, 5);
                var none = Vector.f32(0);
                var token = Vector.i32(0);
                var sequence = Vector.i64(0);
                var doubles = Vector.f64(0)) {
            var kernels = new CudaKernels(device);
            kernels.sample(token, none, logits, sequence, token, 1, Truncation.NONE, 0);
            kernels.tokenLogProb(none, none, none, logits, token, 1);
            kernels.tokenLogProb(none, none, none, List.of(), token, 5);
            kernels.gradient(logits, none, token, none);
            kernels.coefficient(doubles, doubles, doubles, doubles, new CoefficientRule(Form.GDC, 0, true));
            kernels.adam(none, none, none, none, new AdamRule(1, 0, 0, 1, 0, 1), 1);
            assertThat(device.launches()).isEmpty();
        }
    }

    @Test
    void scalarsAreTheRules() {
        try (var device = new RecordingDevice(80)) {
            runEverything(new CudaKernels(device), DataType.F32);
            var adam = arguments(device, "adam_kernel");
            assertThat(adam.subList(5, adam.size()))
                    .isEqualTo(Stream.of(
                                    3L,
                                    -1f,
                                    0.9f,
                                    0.1f,
                                    0.999f,
                                    0.001f,
                                    1e-5f,
                                    (float) (1e-3 / (1 - Math.pow(0.9, 3))),
                                    (float) (1 / Math.sqrt(1 - Math.pow(0.999, 3))),
                                    1e-8f)
                            .toList());
            var truncated = arguments(device, "sample_truncated_f32_kernel");
            assertThat(truncated.subList(5, truncated.size())).containsExactly(33L, 40L, 0.7, 4, 0.9, 5L);
            var second = device.launches().stream()
                    .filter(launch -> launch.kernel().equals("token_log_prob_chunk_f32_kernel"))
                    .skip(1)
                    .findFirst()
                    .orElseThrow()
                    .arguments();
            assertThat(second.subList(3, second.size())).containsExactly(33L, 40L, 33L, 0);
            var coefficient = arguments(device, "coefficient_kernel");
            assertThat(coefficient.subList(4, 8)).containsExactly(3L, 0, -1.5, 1);
            var energy = arguments(device, "energy_kernel");
            assertThat(energy.subList(10, energy.size())).containsExactly(3L, 5L, 2L, 7L, 7L, 7L, 2L, -1.5);
        }
    }

    /** Infinite it would make NaN of the largest logit, whose distance from itself is 0. */
    @Test
    void theReciprocalOfATemperatureIsFinite() {
        try (var device = new RecordingDevice(80);
                var logits = Matrix.allocate(DataType.F32, 1, 3);
                var bf16 = Matrix.allocate(DataType.BF16, 1, 3);
                var token = Vector.i32(1);
                var floats = Vector.f32(1);
                var sequence = Vector.i64(1)) {
            var kernels = new CudaKernels(device);
            kernels.tokenLogProb(floats, floats, floats, logits, token, 1e-40);
            kernels.lmHeadSample(token, floats, bf16, bf16, sequence, token, 1e-40, 5);
            assertThat(arguments(device, "token_log_prob_f32_kernel")).last().isEqualTo(3e38f);
            assertThat(arguments(device, "lm_head_sample_bf16_kernel")).contains(3e38f);
        }
    }

    private static List<Object> arguments(RecordingDevice device, String kernel) {
        return device.launches().stream()
                .filter(launch -> launch.kernel().equals(kernel))
                .findFirst()
                .orElseThrow()
                .arguments();
    }
}
