/*
 * iptv_agent.h: tell the box's agent what a program sees happen.
 *
 * C89 and POSIX sockets, no other dependency. Nothing is allocated: all state
 * lies in struct iptv_agent, about 5 kB, which the caller owns. No call waits
 * longer than the time-out it is given. While the agent is away, reports are
 * dropped and counted; each call tries to reach it again, at most once a
 * second. SIGPIPE is never raised.
 *
 * One struct may be used by one thread at a time.
 */
#ifndef IPTV_AGENT_H
#define IPTV_AGENT_H

#ifdef __cplusplus
extern "C" {
#endif

/* Results: 0 is done, negative is not. */
enum {
	IPTV_AGENT_OK = 0,
	IPTV_AGENT_AWAY = -1,     /* nobody answers: dropped and counted */
	IPTV_AGENT_BUSY = -2,     /* the agent does not read or answer within the time: dropped and counted */
	IPTV_AGENT_TOO_LONG = -3, /* does not fit into IPTV_AGENT_LINE; not sent */
	IPTV_AGENT_BAD_TEXT = -4, /* a text is not UTF-8 (GBK?), or a key is no name; not sent */
	IPTV_AGENT_REFUSED = -5,  /* the agent answered with an error, see iptv_agent_last */
	IPTV_AGENT_UNSURE = -6,   /* the connection broke before the answer: kept or not, nobody knows */
	IPTV_AGENT_MISUSE = -7    /* an argument is missing */
};

/* The longest report, and the longest answer that is kept, in bytes. */
#define IPTV_AGENT_LINE 4096
#define IPTV_AGENT_ANSWER 512

struct iptv_agent {
	/* Counters since iptv_agent_open; read them at will. */
	unsigned long sent;    /* reports handed to the agent */
	unsigned long refused; /* answers that were errors */
	unsigned long dropped; /* reports given up: agent away or busy */
	unsigned long unsure;  /* reports whose answer never came */

	int timeout_ms; /* the longest a call may wait; default 200 */

	/* The rest is the library's own. */
	int fd;
	int waits;   /* were durable answers asked for on this connection; -1: not known */
	long tried;  /* when connecting was tried last, seconds */
	unsigned long owed; /* answers still to come */
	int used;    /* bytes in answer */
	char path[108];
	char answer[IPTV_AGENT_ANSWER];
	char last[IPTV_AGENT_ANSWER];
	char line[IPTV_AGENT_LINE];
};

/*
 * Prepares a, which is not open, for the socket at path, as "/run/stbagent/events.sock", and tries
 * to connect. IPTV_AGENT_AWAY is no failure: later calls try again. Path is
 * copied; at most 107 bytes.
 */
int iptv_agent_open(struct iptv_agent *a, const char *path);

/*
 * Reports a signal: what the program saw happen. Pairs of field and text follow,
 * then NULL:
 *
 *   iptv_agent_signal(&a, "play", "mode", "vod", "content", "film", (char *)NULL);
 *   iptv_agent_signal(&a, "tv", "tv", "unplugged", (char *)NULL);
 *
 * A field whose text is NULL is left out. A field whose name begins with '#' is
 * a number and its text must be decimal digits, perhaps behind a '-':
 *
 *   iptv_agent_signal(&a, "speed", "#speed", "200", (char *)NULL);
 *   iptv_agent_signal(&a, "seek", "#position", "600000", (char *)NULL);
 *
 * Texts must be UTF-8; what is not, GBK for instance, is refused and not
 * repaired: a wrong name in the figures is worse than none. 0: the agent's
 * socket has taken it; whether the agent takes it shows in the counter refused.
 */
int iptv_agent_signal(struct iptv_agent *a, const char *signal, ...);

/* The same for a complete event, as "click"; see P-9.1 of the protocol. */
int iptv_agent_event(struct iptv_agent *a, const char *kind, ...);

/*
 * The same, and waits for the answer: 0 means that the event is on flash.
 * IPTV_AGENT_BUSY here means that it was handed over and not answered in time;
 * sending it again could double it.
 */
int iptv_agent_stored(struct iptv_agent *a, const char *kind, ...);

/*
 * Sends one line of JSON as it is: an event, a signal, or an array of one of
 * both. It must not hold a newline.
 */
int iptv_agent_raw(struct iptv_agent *a, const char *json);

/*
 * Waits, at most the time-out, until every answer has come. 0: all have come.
 * Reads what has come and returns IPTV_AGENT_BUSY otherwise.
 */
int iptv_agent_flush(struct iptv_agent *a);

/* The latest answer that was an error, as the agent wrote it; "" if none was. */
const char *iptv_agent_last(const struct iptv_agent *a);

/* What a result means, in English. */
const char *iptv_agent_text(int result);

/* Closes the connection. What was sent is the agent's. */
void iptv_agent_close(struct iptv_agent *a);

#ifdef __cplusplus
}
#endif

#endif
