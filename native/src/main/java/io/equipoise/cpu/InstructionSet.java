package io.equipoise.cpu;

import io.equipoise.kernels.KernelUnavailableException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What the kernels were compiled for, from slowest to fastest. */
public enum InstructionSet {
    /** Any CPU of the architecture but ARM64's, which all have {@link #NEON}; on x86-64 that includes SSE2. */
    SCALAR(0),
    /** AVX2, FMA and F16C: eight floats at a time. */
    AVX2(1),
    /** AVX-512 F, BW, DQ and VL: sixteen floats at a time. */
    AVX512(2),
    /** {@link #AVX512} and its dot products of bf16. */
    AVX512_BF16(3),
    /** Any ARM64 CPU: four floats at a time. */
    NEON(4);

    /** The system property that forces one. */
    public static final String PROPERTY = "equipoise.cpu-isa";

    private final int code;

    InstructionSet(int code) {
        this.code = code;
    }

    /** As {@code Isa} in kernels.h numbers them. */
    int code() {
        return code;
    }

    /** Whether this library was built with it and this CPU and operating system have it. */
    public boolean isSupported() {
        return CpuOperations.supports(code());
    }

    /** Those that can run here, slowest first. */
    public static List<InstructionSet> supported() {
        return Arrays.stream(values()).filter(InstructionSet::isSupported).toList();
    }

    /**
     * The fastest that can run here, or the one that {@value #PROPERTY} names.
     *
     * @throws KernelUnavailableException when the property names none, or one that can't run here
     */
    public static InstructionSet chosen() {
        var supported = supported();
        var forced = System.getProperty(PROPERTY, "");
        if (forced.isEmpty()) return supported.get(supported.size() - 1);
        for (var set : values()) {
            if (!set.toString().equals(forced)) continue;
            if (supported.contains(set)) return set;
            throw new KernelUnavailableException(PROPERTY + "=" + forced + ", but this CPU can run only " + supported);
        }
        throw new KernelUnavailableException(PROPERTY + "=" + forced + ", wanted one of " + Arrays.toString(values()));
    }

    /** As the property spells it: {@code scalar}, {@code avx512_bf16}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
