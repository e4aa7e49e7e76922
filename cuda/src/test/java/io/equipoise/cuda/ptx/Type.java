package io.equipoise.cuda.ptx;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A fundamental type. Registers hold its bits, the rest of their 64 being zero. */
enum Type {
    PRED(1, Kind.BITS),
    B8(8, Kind.BITS),
    B16(16, Kind.BITS),
    B32(32, Kind.BITS),
    B64(64, Kind.BITS),
    U8(8, Kind.UNSIGNED),
    U16(16, Kind.UNSIGNED),
    U32(32, Kind.UNSIGNED),
    U64(64, Kind.UNSIGNED),
    S8(8, Kind.SIGNED),
    S16(16, Kind.SIGNED),
    S32(32, Kind.SIGNED),
    S64(64, Kind.SIGNED),
    F16(16, Kind.FLOAT),
    BF16(16, Kind.FLOAT),
    F32(32, Kind.FLOAT),
    F64(64, Kind.FLOAT),
    TF32(32, Kind.FLOAT),
    F16X2(32, Kind.PACKED),
    BF16X2(32, Kind.PACKED),
    F32X2(64, Kind.PACKED);

    /** What the bits mean. */
    enum Kind {
        BITS,
        UNSIGNED,
        SIGNED,
        FLOAT,
        PACKED
    }

    private static final Map<String, Type> BY_NAME =
            Arrays.stream(values()).collect(Collectors.toMap(Type::word, Function.identity()));

    final int bits;
    final Kind kind;

    Type(int bits, Kind kind) {
        this.bits = bits;
        this.kind = kind;
    }

    static Optional<Type> named(String word) {
        return Optional.ofNullable(BY_NAME.get(word));
    }

    /** As PTX writes it, without the dot. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    int bytes() {
        return Math.max(1, bits / 8);
    }

    boolean signed() {
        return kind == Kind.SIGNED;
    }

    boolean integer() {
        return kind == Kind.BITS || kind == Kind.UNSIGNED || kind == Kind.SIGNED;
    }

    /** Ones where a value has its bits. */
    long mask() {
        return bits == 64 ? -1 : (1L << bits) - 1;
    }

    /** A register's bits as a number: sign-extended for signed types. */
    long extend(long value) {
        int unused = 64 - bits;
        return signed() ? value << unused >> unused : value << unused >>> unused;
    }
}
