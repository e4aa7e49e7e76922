package io.equipoise.cuda;

import static org.bytedeco.cuda.global.cudart.*;

import io.equipoise.kernels.KernelException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.bytedeco.cuda.cudart.CUctx_st;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.cudart.CUmemPoolHandle_st;
import org.bytedeco.cuda.cudart.CUmod_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.jspecify.annotations.Nullable;

/**
 * A card and its driver, by CUDA's driver API. In libtorch's context, so that memory is shared, and on its current
 * stream, so that the order of work is; where libtorch has no CUDA, on a stream of its own. Like every class of {@code
 * org.bytedeco.cuda} it can only be loaded where there is a driver: see {@link CudaProvider}.
 */
final class CudaDriver implements Device {
    /** The system property that makes every launch wait, so that an error names its kernel. */
    static final String SYNC_KERNELS = "equipoise.sync-kernels";

    /** Errors from here on are a kernel's, found when it ran rather than by the call that reports them. */
    private static final int FIRST_ASYNCHRONOUS = CUDA_ERROR_ILLEGAL_ADDRESS;
    /** Bytes of freed memory that stay with the process for the next allocation. */
    private static final long KEPT_BYTES = 256L << 20;

    private static final int NAME_BYTES = 256;
    private static final int LOG_BYTES = 8 << 10;

    private final int device;
    private final String name;
    private final int architecture;
    private final boolean pools;
    private final CUctx_st context = new CUctx_st();
    private final CUstream_st ownStream = new CUstream_st();
    private final boolean sharesStream;
    private final PendingLaunches pending = new PendingLaunches();
    private final Map<String, CUmod_st> modules = new HashMap<>();
    private final Map<String, Loaded> kernels = new HashMap<>();

    private record Loaded(String name, CUfunc_st function) implements Kernel {}

    /**
     * The device of this number among those that {@code CUDA_VISIBLE_DEVICES} shows.
     *
     * @throws KernelException when there is none or its driver is too old
     */
    CudaDriver(int ordinal) {
        device = device(ordinal);
        name = name(device);
        architecture = architecture(device);
        pools = attribute(CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED, device) != 0;
        check("cuDevicePrimaryCtxRetain", cuDevicePrimaryCtxRetain(context, device));
        enter();
        check("cuStreamCreate", cuStreamCreate(ownStream, CU_STREAM_DEFAULT));
        if (pools) keepFreedMemory(device);
        sharesStream = LibtorchStream.isThere();
    }

    /** Why the first device can't run the kernels; empty when it can. */
    static Optional<String> unsuitable() {
        var version = new int[1];
        check("cuInit", cuInit(0));
        check("cuDriverGetVersion", cuDriverGetVersion(version));
        var count = new int[1];
        check("cuDeviceGetCount", cuDeviceGetCount(count));
        if (count[0] == 0) return Optional.of("the NVIDIA driver shows no device");
        int first = device(0);
        return CudaProvider.unsuitable(name(first), version[0], architecture(first));
    }

    private static int device(int ordinal) {
        check("cuInit", cuInit(0));
        var device = new int[1];
        check("cuDeviceGet", cuDeviceGet(device, ordinal));
        return device[0];
    }

    private static String name(int device) {
        try (var text = new BytePointer(NAME_BYTES)) {
            check("cuDeviceGetName", cuDeviceGetName(text, NAME_BYTES, device));
            return text.getString(StandardCharsets.UTF_8);
        }
    }

    private static int architecture(int device) {
        return 10 * attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device)
                + attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device);
    }

    private static int attribute(int which, int device) {
        var value = new int[1];
        check("cuDeviceGetAttribute", cuDeviceGetAttribute(value, which, device));
        return value[0];
    }

    @Override
    public String description() {
        return name + ", sm_" + architecture;
    }

    @Override
    public int architecture() {
        return architecture;
    }

    @Override
    public OptionalLong freeBytes() {
        enter();
        try (var free = new SizeTPointer(1);
                var total = new SizeTPointer(1)) {
            checkLater("asking for the device's free memory", cuMemGetInfo(free, total));
            return OptionalLong.of(free.get());
        }
    }

    @Override
    public long allocate(long bytes) {
        enter();
        var address = new long[1];
        int result = pools ? cuMemAllocAsync(address, bytes, stream()) : cuMemAlloc(address, bytes);
        checkLater("allocating " + bytes + " bytes on the device", result);
        return address[0];
    }

    @Override
    public void free(long address) {
        enter();
        // Without pools the driver waits for what uses the memory.
        checkLater("freeing memory", pools ? cuMemFreeAsync(address, stream()) : cuMemFree(address));
    }

    @Override
    public boolean holds(Pointer pointer) {
        enter();
        try (var type = new IntPointer(1)) {
            int result = cuPointerGetAttribute(type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE, pointer.address());
            // Memory that the driver has never seen.
            if (result == CUDA_ERROR_INVALID_VALUE) return false;
            checkLater("asking where memory is", result);
            return type.get() == CU_MEMORYTYPE_DEVICE;
        }
    }

    @Override
    public void clear(long address, long bytes) {
        enter();
        checkLater("clearing memory", cuMemsetD8Async(address, (byte) 0, bytes, stream()));
    }

    @Override
    public void copy(long to, long from, long bytes) {
        enter();
        checkLater("copying on the device", cuMemcpyDtoDAsync(to, from, bytes, stream()));
    }

    @Override
    public void copyToDevice(long address, Pointer host, long bytes) {
        enter();
        checkLater("copying to the device", cuMemcpyHtoDAsync(address, host, bytes, stream()));
    }

    @Override
    public void copyToHost(Pointer host, long address, long bytes) {
        enter();
        checkLater("copying to the host", cuMemcpyDtoHAsync(host, address, bytes, stream()));
        synchronize();
    }

    @Override
    public synchronized Kernel kernel(String ptx, String name) {
        enter();
        return kernels.computeIfAbsent(name, entry -> {
            var function = new CUfunc_st();
            checkLater("finding kernel " + entry, cuModuleGetFunction(function, module(ptx), entry));
            return new Loaded(entry, function);
        });
    }

    private CUmod_st module(String ptx) {
        return modules.computeIfAbsent(ptx, text -> {
            var module = new CUmod_st();
            try (var image = new BytePointer(text, StandardCharsets.UTF_8);
                    var log = new BytePointer(LOG_BYTES);
                    var options = new IntPointer(CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
                    var values = new PointerPointer<Pointer>(2)) {
                log.put(0, (byte) 0);
                // The second option's value is the number itself.
                values.put(0, log).put(1, new Pointer() {
                    {
                        address = LOG_BYTES;
                    }
                });
                int result = cuModuleLoadDataEx(module, image, 2, options, values);
                if (result != CUDA_SUCCESS) {
                    throw new KernelException("the driver can't compile the kernels' PTX: " + describe(result) + " "
                            + log.getString(StandardCharsets.UTF_8).strip());
                }
            }
            return module;
        });
    }

    @Override
    public void launch(Kernel kernel, Grid grid, Object... arguments) {
        if (grid.blocksX() == 0 || grid.blocksY() == 0) return;
        if (grid.blocksX() > Integer.MAX_VALUE) {
            throw new KernelException(kernel.name() + ": " + grid.blocksX() + " blocks are more than 2^31 - 1");
        }
        enter();
        var function = ((Loaded) kernel).function();
        var stream = stream();
        try (var parameters = new LaunchArguments(kernel.name(), arguments)) {
            int result = cuLaunchKernel(
                    function,
                    (int) grid.blocksX(),
                    grid.blocksY(),
                    1,
                    grid.threads(),
                    1,
                    1,
                    0,
                    stream,
                    parameters.addresses(),
                    new PointerPointer<>());
            checkLater("launching " + kernel.name(), result);
        }
        if (Boolean.getBoolean(SYNC_KERNELS)) {
            check(kernel.name(), cuStreamSynchronize(stream));
        } else {
            pending.add(kernel.name());
        }
    }

    @Override
    public void synchronize() {
        enter();
        checkLater("waiting for the device", cuStreamSynchronize(stream()));
        pending.clear();
    }

    @Override
    public synchronized void close() {
        enter();
        for (var module : modules.values()) cuModuleUnload(module);
        modules.clear();
        kernels.clear();
        cuStreamDestroy(ownStream);
        cuDevicePrimaryCtxRelease(device);
    }

    /** Contexts are a thread's; libtorch's is this one too, so nothing changes for it. */
    private void enter() {
        check("cuCtxSetCurrent", cuCtxSetCurrent(context));
    }

    /** That on which this thread's work is queued. */
    private @Nullable CUstream_st stream() {
        return sharesStream ? LibtorchStream.current() : ownStream;
    }

    /** The pool would otherwise give its memory back to the system at every synchronise. */
    private static void keepFreedMemory(int device) {
        var pool = new CUmemPoolHandle_st();
        check("cuDeviceGetDefaultMemPool", cuDeviceGetDefaultMemPool(pool, device));
        try (var bytes = new LongPointer(1)) {
            bytes.put(KEPT_BYTES);
            check("cuMemPoolSetAttribute", cuMemPoolSetAttribute(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD, bytes));
        }
    }

    /** Of a call that no kernel is to blame for. */
    private static void check(String what, int result) {
        if (result != CUDA_SUCCESS) throw new KernelException(what + " failed: " + describe(result));
    }

    /** Of a call that may report what an earlier launch did. */
    private void checkLater(String what, int result) {
        if (result == CUDA_SUCCESS) return;
        String suspects = result >= FIRST_ASYNCHRONOUS ? pending.suspects() : "";
        throw new KernelException(what + " failed: " + describe(result) + suspects);
    }

    private static String describe(int result) {
        var name = new BytePointer();
        var text = new BytePointer();
        if (cuGetErrorName(result, name) != CUDA_SUCCESS || cuGetErrorString(result, text) != CUDA_SUCCESS) {
            return "CUDA error " + result;
        }
        return name.getString(StandardCharsets.UTF_8) + " (" + text.getString(StandardCharsets.UTF_8) + ")";
    }
}
