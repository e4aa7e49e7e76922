package io.equipoise.target;

/** Which side's words a text has more of; a text may be on neither. */
public enum Sentiment {
    /** More positive than negative words. */
    POSITIVE,
    /** More negative than positive words. */
    NEGATIVE
}
