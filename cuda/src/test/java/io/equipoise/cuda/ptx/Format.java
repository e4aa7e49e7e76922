package io.equipoise.cuda.ptx;

/** A binary floating-point format of at most 32 bits. */
enum Format {
    F32(8, 23, 0x7fffffffL),
    F16(5, 10, 0x7fffL),
    BF16(8, 7, 0x7fffL),
    /** The upper 19 bits of an f32. */
    TF32(8, 10, 0x3ffffL);

    private final int exponentBits;
    private final int mantissaBits;
    /** The one NaN that arithmetic gives. */
    final long nan;

    Format(int exponentBits, int mantissaBits, long nan) {
        this.exponentBits = exponentBits;
        this.mantissaBits = mantissaBits;
        this.nan = nan;
    }

    static Format of(Type type) {
        return switch (type) {
            case F32, F32X2 -> F32;
            case F16, F16X2 -> F16;
            case BF16, BF16X2 -> BF16;
            case TF32 -> TF32;
            default -> throw new IllegalArgumentException("no format of 32 bits or fewer: " + type);
        };
    }

    private int smallestExponent() {
        return 2 - (1 << (exponentBits - 1));
    }

    private long infinity() {
        return ((1L << exponentBits) - 1) << mantissaBits;
    }

    /** The bits of {@code value}, rounded. */
    long encode(double value, Rounding rounding) {
        if (Double.isNaN(value)) return nan;
        boolean negative = Double.doubleToRawLongBits(value) < 0;
        long sign = negative ? 1L << (exponentBits + mantissaBits) : 0;
        double magnitude = Math.abs(value);
        if (magnitude == 0) return sign;
        if (Double.isInfinite(magnitude)) return sign | infinity();
        int exponent = Math.max(Math.getExponent(magnitude), smallestExponent());
        // One unit in the last place becomes 1; scaling by a power of two is exact here.
        double scaled = Math.scalb(magnitude, mantissaBits - exponent);
        if (scaled >= 0x1p60) return sign | overflow(rounding, negative);
        long whole = (long) scaled;
        double rest = scaled - whole;
        boolean up =
                switch (rounding) {
                    case NEAREST -> rest > 0.5 || (rest == 0.5 && (whole & 1) == 1);
                    case AWAY -> rest >= 0.5;
                    case ZERO -> false;
                    case DOWN -> rest > 0 && negative;
                    case UP -> rest > 0 && !negative;
                };
        if (up) whole++;
        // The hidden bit carries into the exponent by itself; below the smallest exponent there is none.
        long bits = whole + ((long) (exponent - smallestExponent()) << mantissaBits);
        return sign | (bits >= infinity() ? overflow(rounding, negative) : bits);
    }

    private long overflow(Rounding rounding, boolean negative) {
        boolean finite =
                switch (rounding) {
                    case NEAREST, AWAY -> false;
                    case ZERO -> true;
                    case DOWN -> !negative;
                    case UP -> negative;
                };
        return finite ? infinity() - 1 : infinity();
    }

    /** The value of these bits. */
    double decode(long bits) {
        if (this == F32) return Float.intBitsToFloat((int) bits);
        if (this == BF16) return Float.intBitsToFloat((int) bits << 16);
        if (this == TF32) return Float.intBitsToFloat((int) bits << 13);
        long field = (bits >> mantissaBits) & ((1L << exponentBits) - 1);
        long mantissa = bits & ((1L << mantissaBits) - 1);
        double magnitude;
        if (field == (1L << exponentBits) - 1) magnitude = mantissa == 0 ? Double.POSITIVE_INFINITY : Double.NaN;
        else if (field == 0) magnitude = Math.scalb((double) mantissa, smallestExponent() - mantissaBits);
        else {
            magnitude = Math.scalb(
                    (double) (mantissa | 1L << mantissaBits), (int) field - 1 + smallestExponent() - mantissaBits);
        }
        return (bits >> (exponentBits + mantissaBits) & 1) == 1 ? -magnitude : magnitude;
    }
}
