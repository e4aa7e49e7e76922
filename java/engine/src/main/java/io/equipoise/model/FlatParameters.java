package io.equipoise.model;

import io.equipoise.memory.Matrix;
import io.equipoise.memory.Vector;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/**
 * A model's weights as views of one flat f32 tensor, and their gradients as views of a second. Autograd accumulates into
 * a gradient that is already there in place, so the flat vector always holds the sum.
 */
final class FlatParameters implements AutoCloseable {
    /** What a model declares of each weight. */
    record Declaration(String name, List<Long> shape) {
        long size() {
            return shape.stream().mapToLong(Long::longValue).reduce(1, Math::multiplyExact);
        }

        /** Weight decay is for matrices. */
        boolean decays() {
            return shape.size() > 1;
        }
    }

    private static final long NORM_CHUNK = 1 << 16;

    private final LibtorchDevice device;
    private final List<Declaration> declarations;
    private final List<Parameters.Parameter> list = new ArrayList<>();
    private final Map<String, Tensor> tensors = new HashMap<>();
    private final Tensor value;
    private final long size;
    private Tensor gradient;
    private Parameters parameters;

    /** New parameters, all zero. */
    static FlatParameters zeros(List<Declaration> declarations, LibtorchDevice device) {
        long total = 0;
        for (var declaration : declarations) total += declaration.size();
        return new FlatParameters(device, declarations, kept(device.zeros(total)));
    }

    private FlatParameters(LibtorchDevice device, List<Declaration> declarations, Tensor value) {
        this.device = device;
        this.declarations = List.copyOf(declarations);
        this.value = value;
        long total = 0;
        for (var declaration : declarations) {
            list.add(new Parameters.Parameter(declaration.name(), total, declaration.size(), declaration.decays()));
            total += declaration.size();
        }
        size = total;
        gradient = kept(device.zeros(0));
        for (int i = 0; i < list.size(); i++) {
            tensors.put(list.get(i).name(), view(value, i));
        }
        parameters = parameters();
    }

    /** The same weights in the same memory, trainable as these are, with a gradient of its own. */
    FlatParameters replica() {
        var replica = new FlatParameters(device, declarations, kept(value.detach()));
        replica.trainable(this::isTrainable);
        return replica;
    }

    void clearGradient() {
        all().gradient().clear();
    }

    void addGradient(FlatParameters other) {
        addGradient(other, 0, size);
    }

    /** Adds the elements [from, to) of another's. */
    void addGradient(FlatParameters other, long from, long to) {
        try (var scope = new PointerScope();
                var guard = new NoGradGuard()) {
            gradient.narrow(0, from, to - from).add_(other.gradient.narrow(0, from, to - from));
        }
    }

    /** The first element of a weight. */
    long from(String name) {
        return list.get(indexOf(name)).from();
    }

    long size() {
        return size;
    }

    /** Where they are. */
    LibtorchDevice device() {
        return device;
    }

    /** The weight, shaped. */
    Tensor tensor(String name) {
        var tensor = tensors.get(name);
        if (tensor == null) throw new IllegalArgumentException("no parameter named " + name);
        return tensor;
    }

    /** The weight as the kernels see it. */
    Vector vector(String name) {
        var parameter = list.get(indexOf(name));
        return parameters.value().slice(parameter.from(), parameter.size());
    }

    /** The weight, a matrix, as the kernels see it. */
    Matrix matrix(String name) {
        return matrix(vector(name), name);
    }

    /** The gradient of a weight as the kernels see it; NONE where it isn't trained. */
    Vector gradientVector(String name) {
        if (!isTrainable(name)) return Vector.NONE;
        var parameter = list.get(indexOf(name));
        return parameters.gradient().slice(parameter.from(), parameter.size());
    }

    /** The gradient of a weight, a matrix, as the kernels see it; NONE where it isn't trained. */
    Matrix gradientMatrix(String name) {
        return isTrainable(name) ? matrix(gradientVector(name), name) : Matrix.NONE;
    }

    private Matrix matrix(Vector flat, String name) {
        var shape = declarations.get(indexOf(name)).shape();
        return flat.asMatrix(shape.get(0), shape.get(1));
    }

    private int indexOf(String name) {
        for (int i = 0; i < list.size(); i++) {
            if (list.get(i).name().equals(name)) return i;
        }
        throw new IllegalArgumentException("no parameter named " + name);
    }

    /** The gradient of a weight, shaped; only after {@link #trainable} accepted it. */
    Tensor gradient(String name) {
        return tensor(name).mutable_grad();
    }

    boolean isTrainable(String name) {
        return tensor(name).requires_grad();
    }

    List<Declaration> declarations() {
        return declarations;
    }

    Parameters all() {
        return parameters;
    }

    void trainable(Predicate<String> accepted) {
        if (gradient.numel() == 0) {
            gradient.releaseReference();
            gradient = kept(device.zeros(size));
            parameters = parameters();
        }
        for (int i = 0; i < list.size(); i++) {
            var tensor = tensor(list.get(i).name());
            boolean accept = accepted.test(list.get(i).name());
            tensor.set_requires_grad(accept);
            if (accept) {
                try (var view = view(gradient, i)) {
                    tensor.mutable_grad().put(view);
                }
            }
        }
    }

    double gradientNorm() {
        return norm(gradient);
    }

    double weightNorm() {
        return norm(value);
    }

    /** Chunks in f32, their sum in f64: an f32 sum of many millions of squares loses digits. */
    private static double norm(Tensor flat) {
        try (var scope = new PointerScope();
                var guard = new NoGradGuard()) {
            double squares = 0;
            for (long from = 0; from < flat.numel(); from += NORM_CHUNK) {
                var chunk = flat.narrow(0, from, Math.min(NORM_CHUNK, flat.numel() - from));
                double norm = chunk.norm().item_float();
                squares += norm * norm;
            }
            return Math.sqrt(squares);
        }
    }

    void copyFrom(FlatParameters other) {
        try (var guard = new NoGradGuard()) {
            value.copy_(other.value);
        }
    }

    private Parameters parameters() {
        return new Parameters(device.vector(value), device.vector(gradient), List.copyOf(list));
    }

    private Tensor view(Tensor flat, int index) {
        long[] shape = declarations.get(index).shape().stream()
                .mapToLong(Long::longValue)
                .toArray();
        try (var narrowed =
                        flat.narrow(0, list.get(index).from(), list.get(index).size());
                var shaped = narrowed.view(shape)) {
            // detach: a view of the flat tensor's storage, but a leaf of its own for autograd.
            return kept(shaped.detach());
        }
    }

    /** Keeps a tensor beyond the PointerScope it was made in. */
    private static Tensor kept(Tensor tensor) {
        return tensor.retainReference();
    }

    @Override
    public void close() {
        tensors.values().forEach(Tensor::releaseReference);
        value.releaseReference();
        gradient.releaseReference();
    }
}
