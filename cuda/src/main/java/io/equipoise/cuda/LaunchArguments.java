package io.equipoise.cuda;

import io.equipoise.kernels.KernelException;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;

/** A kernel's arguments in native memory as {@code cuLaunchKernel} takes them: the address of each one's value. */
final class LaunchArguments implements AutoCloseable {
    private static final int SLOT = 8;

    private final BytePointer values;
    private final PointerPointer<BytePointer> addresses;

    /** @param arguments as for {@link Device#launch} */
    LaunchArguments(String kernel, Object... arguments) {
        int count = Math.max(1, arguments.length);
        values = new BytePointer((long) SLOT * count);
        addresses = new PointerPointer<>(count);
        for (int i = 0; i < arguments.length; i++) {
            put((long) SLOT * i, kernel, arguments[i]);
            addresses.put(i, values.getPointer((long) SLOT * i));
        }
    }

    private void put(long offset, String kernel, Object argument) {
        if (argument instanceof Long value) values.putLong(offset, value);
        else if (argument instanceof Integer value) values.putInt(offset, value);
        else if (argument instanceof Float value) values.putFloat(offset, value);
        else if (argument instanceof Double value) values.putDouble(offset, value);
        else {
            close();
            throw new KernelException(kernel + ": argument " + offset / SLOT + " is a "
                    + argument.getClass().getSimpleName() + ", wanted a Long, Integer, Float or Double");
        }
    }

    PointerPointer<BytePointer> addresses() {
        return addresses;
    }

    @Override
    public void close() {
        addresses.close();
        values.close();
    }
}
