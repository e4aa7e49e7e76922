package io.equipoise.model;

import io.equipoise.kernels.KernelUnavailableException;
import io.equipoise.kernels.Kernels;
import io.equipoise.memory.DataType;
import io.equipoise.memory.Matrix;
import io.equipoise.memory.Memory;
import io.equipoise.memory.Vector;
import java.util.function.ObjIntConsumer;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;

/**
 * Where libtorch computes: makes tensors there, brings numbers there and back, and shows tensors to the kernels as vectors
 * and matrices of the memory they are in.
 *
 * @param name as libtorch writes it: {@code cpu}, {@code cuda:0}
 * @param memory that tensors there are in
 */
record LibtorchDevice(String name, Memory memory) {
    static final LibtorchDevice CPU = new LibtorchDevice("cpu", Memory.HOST);

    /** @throws KernelUnavailableException when the kernels can't follow the device's addresses, or there is no such device */
    static LibtorchDevice of(io.equipoise.model.Device device, Kernels kernels) {
        if (device == io.equipoise.model.Device.CPU) return CPU;
        device.unavailable().ifPresent(reason -> {
            throw new KernelUnavailableException("device '" + device + "' can't be used here: " + reason);
        });
        if (kernels.memory() == Memory.HOST) {
            throw new KernelUnavailableException("kernels '" + kernels.description()
                    + "' can't read the memory of device '" + device + "'; its own are --kernels " + device);
        }
        // The kernels' driver takes the first device too.
        return new LibtorchDevice(device + ":0", kernels.memory());
    }

    /** Whether it is the processor, with memory that everybody can read. */
    boolean isHost() {
        return memory == Memory.HOST;
    }

    /** f32. */
    Tensor zeros(long... shape) {
        return isHost() ? torch.zeros(shape) : torch.zeros(shape, new TensorOptions(new Device(name)));
    }

    Tensor tensor(float[] values, long... shape) {
        return here(Tensor.create(values, shape));
    }

    Tensor tensor(int[] values, long... shape) {
        return here(Tensor.create(values, shape));
    }

    Tensor tensor(long[] values, long... shape) {
        return here(Tensor.create(values, shape));
    }

    private Tensor here(Tensor tensor) {
        return isHost() ? tensor : tensor.to(new Device(name), tensor.scalar_type());
    }

    /** The elements of a contiguous f32 tensor. */
    float[] floats(Tensor tensor) {
        return vector(tensor).toFloats();
    }

    /** A contiguous f32 tensor's memory as the kernels see it; it must outlive the vector. */
    Vector vector(Tensor tensor) {
        return Vector.borrow(memory, DataType.F32, tensor.data_ptr(), tensor.numel());
    }

    /** An f32 tensor's memory as the kernels see it; it must outlive the matrix. */
    Matrix matrix(Tensor tensor) {
        return Matrix.borrow(memory, DataType.F32, tensor.data_ptr(), tensor.size(0), tensor.size(1), tensor.stride(0));
    }

    /** How many tasks run at once: a core each, but a device is busy with one. */
    int workers() {
        return isHost() ? Workers.count() : 1;
    }

    /**
     * Runs tasks 0 … n−1 and waits for all of them.
     *
     * @param task gets the worker's number, below {@link #workers()}, and the task's
     */
    void run(int tasks, ObjIntConsumer<Integer> task) {
        if (isHost()) Workers.run(tasks, task);
        else for (int i = 0; i < tasks; i++) task.accept(0, i);
    }
}
