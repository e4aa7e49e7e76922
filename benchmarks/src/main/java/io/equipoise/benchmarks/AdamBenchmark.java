package io.equipoise.benchmarks;

import io.equipoise.kernels.AdamRule;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.memory.Vector;
import java.io.IOException;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.CompilationUnit;
import org.bytedeco.pytorch.Function;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.QualifiedName;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/**
 * One AdamW step over all weights of a model, as one vector. libtorch's is its own fused kernel. Cost to compare with: four
 * vectors read, three of them written.
 */
public class AdamBenchmark extends OperationBenchmark {
    private static final long DUMPED = 1 << 16;
    private static final double LEARNING_RATE = 1e-4;
    private static final double WEIGHT_DECAY = 0.01;
    /**
     * The Java presets don't bind the fused step; TorchScript calls it. Lists come from outside: one made beside the call
     * would let it be removed as without effect.
     */
    private static final String SCRIPT = """
            def one(x: Tensor) -> List[Tensor]:
                return [x]

            def adamw(parameter: List[Tensor], gradient: List[Tensor], first: List[Tensor], second: List[Tensor],
                    step: List[Tensor]) -> int:
                torch._fused_adamw_(parameter, gradient, first, second, [], step, lr=%s, beta1=0.9, beta2=0.999,
                    weight_decay=%s, eps=1e-8, amsgrad=False, maximize=False)
                return 0
            """.formatted(LEARNING_RATE, WEIGHT_DECAY);

    /** The embedded model's and GPT-2's. */
    @Param({"4224512", "124439808"})
    int parameters = 1;

    private Vector parameter = Vector.f32(0);
    private Vector firstMoment = Vector.f32(0);
    private Vector secondMoment = Vector.f32(0);
    private Vector gradient = Vector.f32(0);
    private long step;

    static Work work(Map<String, String> parameters) {
        return Work.moves(7 * 4 * Work.number(parameters, "parameters"));
    }

    @Setup
    public void setUp() {
        parameter = owned(Vector.f32(parameters));
        firstMoment = owned(Vector.f32(parameters));
        secondMoment = owned(Vector.f32(parameters));
        gradient = owned(Vector.f32(parameters));
        check();
    }

    private void start() {
        step = 0;
        firstMoment.clear();
        secondMoment.clear();
        Noise.fill(parameter, 1, 0.02);
        Noise.fill(gradient, 2, 1e-3);
    }

    /** Two steps: the second's bias correction differs. */
    private void check() {
        start();
        var reference = KernelProvider.named("reference");
        for (int k = 1; k <= 2; k++) {
            reference.adam(parameter, firstMoment, secondMoment, gradient, rule(k), 1);
        }
        float[] expected = parameter.toFloats();
        start();
        cpu();
        cpu();
        Agreement.require(kernels.description(), parameter.toFloats(), expected, 1e-7, 1e-5);
        start();
    }

    private static AdamRule rule(long step) {
        return new AdamRule(LEARNING_RATE, 0.9, 0.999, 1e-8, WEIGHT_DECAY, step);
    }

    @Benchmark
    public Vector cpu() {
        kernels.adam(parameter, firstMoment, secondMoment, gradient, rule(++step), 1);
        return parameter;
    }

    /** The same on the device. */
    public static class Cuda extends CudaOperands {
        private Vector parameter = Vector.NONE;
        private Vector firstMoment = Vector.NONE;
        private Vector secondMoment = Vector.NONE;
        private Vector gradient = Vector.NONE;
        private long step;

        /** Two steps, as the host's own check. */
        @Setup
        public void setUp(AdamBenchmark host) throws IOException {
            parameter = copy(host.parameter);
            firstMoment = copy(host.firstMoment);
            secondMoment = copy(host.secondMoment);
            gradient = copy(host.gradient);
            for (int k = 0; k < 2; k++) {
                host.cpu();
                adam();
            }
            Agreement.require(kernels.description(), parameter.toFloats(), host.parameter.toFloats(), 1e-7, 1e-5);
            var part = parameter.slice(0, Math.min(DUMPED, parameter.size()));
            Dump.results(dump -> dump.write("parameter", part), "adam", host.parameters);
        }

        private void adam() {
            kernels.adam(parameter, firstMoment, secondMoment, gradient, rule(++step), 1);
            synchronize();
        }
    }

    @Benchmark
    public Vector cuda(Cuda device) {
        device.adam();
        return device.parameter;
    }

    /** The same vectors as libtorch's tensors. */
    public static class Libtorch extends Operands {
        private Tensor parameter = new Tensor();
        private Tensor firstMoment = new Tensor();
        private Tensor secondMoment = new Tensor();
        private Tensor gradient = new Tensor();
        private Tensor step = new Tensor();
        private final CompilationUnit script = owned(torch.compile(SCRIPT));
        private final Function one = script.find_function(new QualifiedName("one"));
        private final Function fused = script.find_function(new QualifiedName("adamw"));

        @Setup
        public void setUp(AdamBenchmark host) {
            parameter = owned(Tensors.tensor(host.parameter));
            firstMoment = owned(Tensors.tensor(host.firstMoment));
            secondMoment = owned(Tensors.tensor(host.secondMoment));
            gradient = owned(Tensors.tensor(host.gradient));
            step = owned(torch.zeros(1).squeeze());
            host.start();
            host.cpu();
            host.cpu();
            float[] expected = host.parameter.toFloats();
            host.start();
            adam();
            adam();
            Agreement.require("libtorch", host.parameter.toFloats(), expected, 1e-7, 1e-5);
        }

        private long adam() {
            try (var scope = new PointerScope()) {
                step.add_(new Scalar(1));
                var stack = new IValueVector(
                        list(parameter), list(gradient), list(firstMoment), list(secondMoment), list(step));
                fused.run(stack);
                return stack.size();
            }
        }

        private IValue list(Tensor tensor) {
            var stack = new IValueVector(new IValue(tensor));
            one.run(stack);
            return new IValue(stack.get(0));
        }
    }

    @Benchmark
    public long libtorch(Libtorch operands) {
        return operands.adam();
    }
}
