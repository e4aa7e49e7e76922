package io.equipoise.cli.summary;

/** What is measured of a policy, on fresh samples. Nats are a text's, unless it says otherwise. */
enum Measure {
    DISTANCE("distance", "mean |E_π φ − desired|", ""),
    KL_TARGET_POLICY("klTargetPolicy", "KL(p‖π)", "nats"),
    KL_POLICY_BASE("klPolicyBase", "KL(π‖a)", "nats"),
    LOG_BASE_PER_TOKEN("logBasePerToken", "log a per token", "nats"),
    DISTINCT_1("distinct1", "Distinct-1", ""),
    DISTINCT_2("distinct2", "Distinct-2", ""),
    DISTINCT_3("distinct3", "Distinct-3", ""),
    SELF_BLEU_3("selfBleu3", "Self-BLEU-3", ""),
    SELF_BLEU_4("selfBleu4", "Self-BLEU-4", ""),
    SELF_BLEU_5("selfBleu5", "Self-BLEU-5", "");

    private final String key;
    private final String symbol;
    private final String unit;

    Measure(String key, String symbol, String unit) {
        this.key = key;
        this.symbol = symbol;
        this.unit = unit;
    }

    /** In JSON. */
    String key() {
        return key;
    }

    /** For people. */
    String symbol() {
        return symbol;
    }

    /** With its unit. */
    String label() {
        return unit.isEmpty() ? symbol : symbol + ", " + unit;
    }
}
