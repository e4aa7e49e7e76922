package io.equipoise.cuda.ptx;

import java.util.Locale;
import java.util.Optional;

/** A state space of memory, and where generic addresses see it. */
enum Space {
    GENERIC(0),
    GLOBAL(0),
    CONST(0),
    PARAM(1L << 58),
    SHARED(1L << 56),
    LOCAL(1L << 57);

    /** What {@code cvta} adds. Global addresses lie below every window. */
    final long window;

    /** Bytes a window covers. */
    static final long WINDOW_BYTES = 1L << 32;

    Space(long window) {
        this.window = window;
    }

    static Optional<Space> named(String word) {
        // sub-spaces of a block that is alone in its cluster
        var name = word.replace("::cta", "").replace("::entry", "").replace("::func", "");
        for (var space : values()) {
            if (space != GENERIC && space.name().toLowerCase(Locale.ROOT).equals(name)) return Optional.of(space);
        }
        return Optional.empty();
    }

    /** Which space a generic address is in. */
    static Space of(long generic) {
        for (var space : new Space[] {SHARED, LOCAL, PARAM}) {
            if (generic >= space.window && generic < space.window + WINDOW_BYTES) return space;
        }
        return GLOBAL;
    }
}
