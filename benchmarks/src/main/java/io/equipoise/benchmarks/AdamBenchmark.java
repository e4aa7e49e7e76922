package io.equipoise.benchmarks;

import io.equipoise.kernels.AdamRule;
import io.equipoise.kernels.KernelProvider;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Vector;
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
    private Tensor parameterTensor = new Tensor();
    private Tensor firstTensor = new Tensor();
    private Tensor secondTensor = new Tensor();
    private Tensor gradientTensor = new Tensor();
    private Tensor stepTensor = new Tensor();
    private final CompilationUnit script = owned(torch.compile(SCRIPT));
    private final Function one = script.find_function(new QualifiedName("one"));
    private final Function fused = script.find_function(new QualifiedName("adamw"));
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
        parameterTensor = owned(Logits.tensor(parameter));
        firstTensor = owned(Logits.tensor(firstMoment));
        secondTensor = owned(Logits.tensor(secondMoment));
        gradientTensor = owned(Logits.tensor(gradient));
        stepTensor = owned(torch.zeros(1).squeeze());
        check();
    }

    private void start() {
        step = 0;
        stepTensor.zero_();
        firstMoment.clear();
        secondMoment.clear();
        torch.manual_seed(1);
        parameterTensor.copy_(Logits.normal(DataType.F32, 0.02, parameters));
        gradientTensor.copy_(Logits.normal(DataType.F32, 1e-3, parameters));
    }

    /** Two steps: the second's bias correction differs. */
    private void check() {
        try (var scope = new PointerScope()) {
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
            libtorch();
            libtorch();
            Agreement.require("libtorch", parameter.toFloats(), expected, 1e-7, 1e-5);
            start();
        }
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
        public void setUp(AdamBenchmark host) {
            parameter = copy(host.parameter);
            firstMoment = copy(host.firstMoment);
            secondMoment = copy(host.secondMoment);
            gradient = copy(host.gradient);
            for (int k = 0; k < 2; k++) {
                host.cpu();
                adam();
            }
            Agreement.require(kernels.description(), parameter.toFloats(), host.parameter.toFloats(), 1e-7, 1e-5);
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

    @Benchmark
    public long libtorch() {
        try (var scope = new PointerScope()) {
            stepTensor.add_(new Scalar(1));
            var stack = new IValueVector(
                    list(parameterTensor),
                    list(gradientTensor),
                    list(firstTensor),
                    list(secondTensor),
                    list(stepTensor));
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
