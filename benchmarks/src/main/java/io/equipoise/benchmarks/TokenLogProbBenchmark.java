package io.equipoise.benchmarks;

import io.equipoise.kernels.KernelProvider;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.io.IOException;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Setup;

/**
 * Given tokens' log-probabilities, and each row's log-sum-exp and entropy: {@code cpu}, {@code libtorch} and {@code
 * libtorchPadded} compute all three, {@code libtorchWithoutEntropy} the first two, which is less than the kernel does.
 * Cost to compare with: the logits' bytes, read once.
 */
public class TokenLogProbBenchmark extends OperationBenchmark {
    @Param({"64", "512"})
    int rows = 1;

    @Param({"32000", "50257", "128256"})
    int vocabulary = 1;

    @Param({"F32", "BF16"})
    DataType type = DataType.F32;

    Logits logits = Logits.NONE;
    Vector logProb = Vector.f32(0);
    Vector logSumExp = Vector.f32(0);
    Vector entropy = Vector.f32(0);

    static Work work(Map<String, String> parameters) {
        return Work.reads(Work.logits(parameters));
    }

    @Setup
    public void setUp() {
        allocate();
        check();
    }

    void allocate() {
        logits = owned(new Logits(rows, vocabulary, type));
        logProb = owned(Vector.f32(rows));
        logSumExp = owned(Vector.f32(rows));
        entropy = owned(Vector.f32(rows));
    }

    private void check() {
        KernelProvider.named("reference").tokenLogProb(logProb, logSumExp, entropy, logits.matrix, logits.token, 1);
        float[][] reference = results();
        cpu();
        float[][] ours = results();
        for (int k = 0; k < reference.length; k++) {
            Agreement.require(kernels.description() + ", result " + k, ours[k], reference[k], 1e-5);
        }
    }

    private float[][] results() {
        return new float[][] {logProb.toFloats(), logSumExp.toFloats(), entropy.toFloats()};
    }

    @Benchmark
    public Vector cpu() {
        kernels.tokenLogProb(logProb, logSumExp, entropy, logits.matrix, logits.token, 1);
        return logProb;
    }

    /** The same on the device. */
    public static class Cuda extends CudaOperands {
        private Matrix logits = Matrix.NONE;
        private Vector token = Vector.NONE;
        private Vector logProb = Vector.NONE;
        private Vector logSumExp = Vector.NONE;
        private Vector entropy = Vector.NONE;

        @Setup
        public void setUp(TokenLogProbBenchmark host) throws IOException {
            logits = copy(host.logits.matrix);
            token = copy(host.logits.token);
            logProb = zeros(DataType.F32, host.rows);
            logSumExp = zeros(DataType.F32, host.rows);
            entropy = zeros(DataType.F32, host.rows);
            host.cpu();
            tokenLogProb();
            Agreement.require(kernels.description(), logProb.toFloats(), host.logProb.toFloats(), 1e-5);
            Agreement.require(kernels.description(), logSumExp.toFloats(), host.logSumExp.toFloats(), 1e-5);
            Agreement.require(kernels.description(), entropy.toFloats(), host.entropy.toFloats(), 1e-5);
            Dump.results(
                    dump -> {
                        dump.write("logProb", logProb);
                        dump.write("logSumExp", logSumExp);
                        dump.write("entropy", entropy);
                    },
                    "tokenLogProb",
                    host.rows,
                    host.vocabulary,
                    host.type);
        }

        private void tokenLogProb() {
            kernels.tokenLogProb(logProb, logSumExp, entropy, logits, token, 1);
            synchronize();
        }
    }

    @Benchmark
    public Vector cuda(Cuda device) {
        device.tokenLogProb();
        return device.logProb;
    }

    /** The same logits as libtorch's tensors. */
    public static class Libtorch extends Operands {
        private Tensor logits = new Tensor();
        private Tensor padded = new Tensor();
        /** (N, 1), the tokens. */
        private Tensor index = new Tensor();

        @Setup
        public void setUp(TokenLogProbBenchmark host) {
            logits = owned(Tensors.tensor(host.logits.matrix));
            padded = owned(Tensors.padded(logits));
            index = owned(Tensors.index(host.logits.token));
            host.cpu();
            float[][] wanted = host.results();
            try (var scope = new PointerScope()) {
                agree("libtorch", all(logits), wanted);
                agree("libtorch, padded", all(padded), wanted);
                agree("libtorch, without entropy", withoutEntropy(logits), wanted);
            }
        }

        private static void agree(String what, Tensor[] results, float[][] wanted) {
            for (int k = 0; k < results.length; k++) {
                // Its dot product over a vocabulary is one running f32 sum.
                double tolerance = k == 2 ? 1e-3 : 1e-4;
                Agreement.require(what + ", result " + k, Tensors.floats(results[k]), wanted[k], tolerance);
            }
        }

        /** The fastest of libtorch's forms: one softmax, then a batched dot product, H = log Σ exp x − Σ p·x. */
        private Tensor[] all(Tensor x) {
            var exact = x.toType(torch.ScalarType.Float);
            var probability = exact.softmax(1);
            var token = exact.gather(1, index).squeeze(1);
            var logProbs = probability.gather(1, index).squeeze(1).log();
            var sums = token.sub(logProbs);
            var mean = torch.bmm(probability.unsqueeze(1), exact.unsqueeze(2)).view(-1);
            return new Tensor[] {logProbs, sums, sums.sub(mean)};
        }

        /** The fastest of libtorch's forms that is exact in f32: gather − logsumexp. */
        private Tensor[] withoutEntropy(Tensor x) {
            var exact = x.toType(torch.ScalarType.Float);
            var sums = exact.logsumexp(1);
            return new Tensor[] {exact.gather(1, index).squeeze(1).sub(sums), sums};
        }
    }

    @Benchmark
    public int libtorch(Libtorch operands) {
        try (var scope = new PointerScope()) {
            return operands.all(operands.logits).length;
        }
    }

    @Benchmark
    public int libtorchPadded(Libtorch operands) {
        try (var scope = new PointerScope()) {
            return operands.all(operands.padded).length;
        }
    }

    @Benchmark
    public int libtorchWithoutEntropy(Libtorch operands) {
        try (var scope = new PointerScope()) {
            return operands.withoutEntropy(operands.logits).length;
        }
    }
}
