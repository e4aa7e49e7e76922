package io.equipoise.model;

import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The tokens that end a sequence: each of them does, the first to come. With none, only its length ends one.
 *
 * @param ids tokens, in the order of the file that names them
 */
public record EosTokens(Set<Integer> ids) {
    /** Nothing ends a sequence but its length. */
    public static final EosTokens NONE = new EosTokens(Set.of());

    public EosTokens {
        ids = Collections.unmodifiableSet(new LinkedHashSet<>(ids));
        for (int id : ids) {
            if (id < 0) throw new IllegalArgumentException("an EOS token must be >= 0, got " + id);
        }
    }

    /** These tokens. */
    public static EosTokens of(int... ids) {
        return of(Arrays.stream(ids).boxed().toList());
    }

    static EosTokens of(Collection<Integer> ids) {
        return new EosTokens(new LinkedHashSet<>(ids));
    }

    /** Whether a token ends its sequence. */
    public boolean contains(int token) {
        return ids.contains(token);
    }

    /** Whether nothing ends a sequence but its length. */
    public boolean isEmpty() {
        return ids.isEmpty();
    }

    /** {@code 0, 105}. */
    @Override
    public String toString() {
        return isEmpty() ? "none" : ids.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }
}
