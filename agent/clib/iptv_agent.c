/* iptv_agent.c: see iptv_agent.h. */
#ifndef _POSIX_C_SOURCE
#define _POSIX_C_SOURCE 200112L
#endif

#include "iptv_agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#error "this system cannot send without SIGPIPE"
#endif

/* More unread answers than this and the agent might let us go. */
#define MOST_OWED 128

/* Milliseconds of a clock that nobody sets. They wrap; differences hold. */
static unsigned long now_ms(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
		return 0;
	return (unsigned long)t.tv_sec * 1000UL + (unsigned long)(t.tv_nsec / 1000000L);
}

static int left_ms(unsigned long start, int timeout)
{
	unsigned long gone = now_ms() - start;

	return gone >= (unsigned long)timeout ? 0 : timeout - (int)gone;
}

/* Waits until fd is ready for events; 0: not in time, -1: broken. */
static int ready(int fd, short events, unsigned long start, int timeout)
{
	struct pollfd p;
	int n;

	p.fd = fd;
	p.events = events;
	do {
		p.revents = 0;
		n = poll(&p, 1, left_ms(start, timeout));
	} while (n < 0 && errno == EINTR);
	return n;
}

static void hang_up(struct iptv_agent *a)
{
	if (a->fd >= 0)
		close(a->fd);
	a->fd = -1;
	a->waits = 0;
	a->unsure += a->owed;
	a->owed = 0;
	a->used = 0;
}

/* Takes one whole answer; result 0, REFUSED. */
static int judge(struct iptv_agent *a)
{
	if (a->owed > 0)
		a->owed--;
	a->answer[a->used] = '\0';
	if (strncmp(a->answer, "{\"error\"", 8) == 0) {
		memcpy(a->last, a->answer, (size_t)a->used + 1);
		a->refused++;
		return IPTV_AGENT_REFUSED;
	}
	return IPTV_AGENT_OK;
}

/*
 * Reads answers until no more than owed are to come. With a timeout of 0 it
 * takes only what is there. The result is that of the latest answer, BUSY when
 * the time is over, AWAY when the connection has ended.
 */
static int hear(struct iptv_agent *a, unsigned long owed, unsigned long start, int timeout)
{
	int result = IPTV_AGENT_OK;

	for (;;) {
		char in[256];
		ssize_t n, i;

		n = recv(a->fd, in, sizeof in, MSG_DONTWAIT);
		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK)) {
			hang_up(a);
			return IPTV_AGENT_AWAY;
		}
		if (n < 0) {
			if (a->owed <= owed)
				return result;
			if (timeout <= 0 || ready(a->fd, POLLIN, start, timeout) == 0)
				return IPTV_AGENT_BUSY;
			continue;
		}
		for (i = 0; i < n; i++) {
			if (in[i] == '\n') {
				result = judge(a);
				a->used = 0;
			} else if (a->used < IPTV_AGENT_ANSWER - 1) {
				a->answer[a->used++] = in[i]; /* of a longer one the beginning says enough */
			}
		}
		if (a->owed <= owed)
			return result;
	}
}

static int reach(struct iptv_agent *a)
{
	struct sockaddr_un to;
	long now;
	int flags;

	if (a->fd >= 0)
		return IPTV_AGENT_OK;
	now = (long)(now_ms() / 1000UL) + 1; /* never 0: that is "not yet" */
	if (a->tried == now)
		return IPTV_AGENT_AWAY;
	a->tried = now;
	a->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (a->fd < 0)
		return IPTV_AGENT_AWAY;
	flags = fcntl(a->fd, F_GETFL);
	(void)fcntl(a->fd, F_SETFD, FD_CLOEXEC);
	memset(&to, 0, sizeof to);
	to.sun_family = AF_UNIX;
	memcpy(to.sun_path, a->path, strlen(a->path) + 1);
	/* Not blocking: a Unix socket connects at once or not at all. */
	if (flags < 0 || fcntl(a->fd, F_SETFL, flags | O_NONBLOCK) != 0 ||
	    connect(a->fd, (struct sockaddr *)&to, sizeof to) != 0) {
		hang_up(a);
		return IPTV_AGENT_AWAY;
	}
	return IPTV_AGENT_OK;
}

/* Hands one line, which ends with a newline, to the agent. */
static int send_line(struct iptv_agent *a, const char *line, size_t len, unsigned long start, int timeout)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = send(a->fd, line + done, len - done, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			done += (size_t)n;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
			hang_up(a);
			return IPTV_AGENT_AWAY;
		}
		if (ready(a->fd, POLLOUT, start, timeout) <= 0) {
			if (done > 0) /* half a line: this connection is of no use any more */
				hang_up(a);
			return IPTV_AGENT_BUSY;
		}
	}
	a->owed++;
	return IPTV_AGENT_OK;
}

/* Connects if need be, takes the answers that have come, and sends. */
static int deliver(struct iptv_agent *a, const char *line, size_t len, int wait)
{
	static const char stored[] = "{\"wait\":\"stored\"}\n";
	static const char accepted[] = "{\"wait\":\"accepted\"}\n";
	unsigned long start = now_ms();
	int timeout = a->timeout_ms > 0 ? a->timeout_ms : 0;
	int again, result = IPTV_AGENT_AWAY;

	for (again = 0; again < 2; again++) {
		result = reach(a);
		if (result == IPTV_AGENT_OK) {
			/* Finds out, too, whether the agent has ended meanwhile. */
			result = hear(a, a->owed < MOST_OWED ? a->owed : MOST_OWED - 1, start, timeout);
			if (result == IPTV_AGENT_REFUSED)
				result = IPTV_AGENT_OK; /* of an earlier report; it is counted */
		}
		if (result == IPTV_AGENT_OK && a->waits != wait) {
			result = wait ? send_line(a, stored, sizeof stored - 1, start, timeout)
				      : send_line(a, accepted, sizeof accepted - 1, start, timeout);
			if (result == IPTV_AGENT_OK)
				a->waits = wait;
		}
		if (result == IPTV_AGENT_OK)
			result = send_line(a, line, len, start, timeout);
		if (result != IPTV_AGENT_AWAY)
			break;
		/* Once more: the connection was of an agent that has been started anew. */
	}
	if (result != IPTV_AGENT_OK) {
		a->dropped++;
		return result;
	}
	a->sent++;
	if (!wait)
		return IPTV_AGENT_OK;
	result = hear(a, 0, start, timeout);
	if (result == IPTV_AGENT_AWAY)
		return IPTV_AGENT_UNSURE;
	if (result == IPTV_AGENT_OK && strncmp(a->answer, "{\"stored\"", 9) != 0)
		result = IPTV_AGENT_BUSY; /* taken, but the flash was too slow */
	if (result != IPTV_AGENT_OK)
		a->waits = -1; /* perhaps the wish itself was refused: wish again */
	return result;
}

/*
 * Length of the UTF-8 character at s, 0 if there is none: no bytes that only
 * look like one, no surrogates, nothing above U+10FFFF.
 */
static int utf8(const unsigned char *s)
{
	int n, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xC2 && s[0] <= 0xDF)
		n = 2;
	else if (s[0] >= 0xE0 && s[0] <= 0xEF)
		n = 3;
	else if (s[0] >= 0xF0 && s[0] <= 0xF4)
		n = 4;
	else
		return 0;
	for (i = 1; i < n; i++)
		if ((s[i] & 0xC0) != 0x80) /* a 0 at the end ends it here */
			return 0;
	if ((s[0] == 0xE0 && s[1] < 0xA0) || (s[0] == 0xED && s[1] > 0x9F) ||
	    (s[0] == 0xF0 && s[1] < 0x90) || (s[0] == 0xF4 && s[1] > 0x8F))
		return 0;
	return n;
}

struct writer {
	char *at, *end;
	int result;
};

static void put(struct writer *w, const char *s, size_t n)
{
	if (w->result != IPTV_AGENT_OK)
		return;
	if ((size_t)(w->end - w->at) < n) {
		w->result = IPTV_AGENT_TOO_LONG;
		return;
	}
	memcpy(w->at, s, n);
	w->at += n;
}

static void put_text(struct writer *w, const char *s)
{
	static const char hex[] = "0123456789abcdef";
	const unsigned char *u = (const unsigned char *)s;

	put(w, "\"", 1);
	while (*u && w->result == IPTV_AGENT_OK) {
		int n = utf8(u);

		if (n == 0) {
			w->result = IPTV_AGENT_BAD_TEXT;
		} else if (*u == '"' || *u == '\\') {
			put(w, "\\", 1);
			put(w, (const char *)u, 1);
		} else if (*u < 0x20 || *u == 0x7F) {
			char esc[6];

			memcpy(esc, "\\u00", 4);
			esc[4] = hex[*u >> 4];
			esc[5] = hex[*u & 15];
			put(w, esc, 6);
		} else {
			put(w, (const char *)u, (size_t)n);
		}
		u += n;
	}
	put(w, "\"", 1);
}

static void put_number(struct writer *w, const char *s)
{
	const char *d = s[0] == '-' ? s + 1 : s;
	size_t n = strspn(d, "0123456789");

	if (n == 0 || d[n] != '\0' || (d[0] == '0' && n > 1)) {
		w->result = IPTV_AGENT_BAD_TEXT;
		return;
	}
	put(w, s, strlen(s));
}

static void put_field(struct writer *w, const char *key, const char *value)
{
	int number = key[0] == '#';
	const char *name = key + number;
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz_");

	if (n == 0 || name[n] != '\0') {
		w->result = IPTV_AGENT_BAD_TEXT;
		return;
	}
	put(w, ",", 1);
	put_text(w, name);
	put(w, ":", 1);
	if (number)
		put_number(w, value);
	else
		put_text(w, value);
}

/* Writes the report into a->line and delivers it. */
static int report(struct iptv_agent *a, const char *what, const char *word, int wait, va_list fields)
{
	struct writer w;
	const char *key;

	if (a == NULL || word == NULL)
		return IPTV_AGENT_MISUSE;
	w.at = a->line;
	w.end = a->line + sizeof a->line;
	w.result = IPTV_AGENT_OK;
	put(&w, "{", 1);
	put_text(&w, what);
	put(&w, ":", 1);
	put_text(&w, word);
	while (w.result == IPTV_AGENT_OK && (key = va_arg(fields, const char *)) != NULL) {
		const char *value = va_arg(fields, const char *);

		if (value != NULL)
			put_field(&w, key, value);
	}
	put(&w, "}\n", 2);
	if (w.result != IPTV_AGENT_OK)
		return w.result;
	return deliver(a, a->line, (size_t)(w.at - a->line), wait);
}

int iptv_agent_open(struct iptv_agent *a, const char *path)
{
	if (a == NULL)
		return IPTV_AGENT_MISUSE;
	memset(a, 0, sizeof *a);
	a->fd = -1;
	a->timeout_ms = 200;
	if (path == NULL || path[0] == '\0')
		return IPTV_AGENT_MISUSE;
	if (strlen(path) >= sizeof a->path || strlen(path) >= sizeof ((struct sockaddr_un *)0)->sun_path)
		return IPTV_AGENT_TOO_LONG;
	memcpy(a->path, path, strlen(path) + 1);
	return reach(a);
}

int iptv_agent_signal(struct iptv_agent *a, const char *signal, ...)
{
	va_list fields;
	int result;

	va_start(fields, signal);
	result = report(a, "signal", signal, 0, fields);
	va_end(fields);
	return result;
}

int iptv_agent_event(struct iptv_agent *a, const char *kind, ...)
{
	va_list fields;
	int result;

	va_start(fields, kind);
	result = report(a, "kind", kind, 0, fields);
	va_end(fields);
	return result;
}

int iptv_agent_stored(struct iptv_agent *a, const char *kind, ...)
{
	va_list fields;
	int result;

	va_start(fields, kind);
	result = report(a, "kind", kind, 1, fields);
	va_end(fields);
	return result;
}

int iptv_agent_raw(struct iptv_agent *a, const char *json)
{
	size_t n;

	if (a == NULL || json == NULL)
		return IPTV_AGENT_MISUSE;
	n = strlen(json);
	if (n == 0 || strspn(json, " \t\r") == n || memchr(json, '\n', n) != NULL)
		return IPTV_AGENT_MISUSE;
	if (n + 1 > sizeof a->line)
		return IPTV_AGENT_TOO_LONG;
	memmove(a->line, json, n);
	a->line[n] = '\n';
	return deliver(a, a->line, n + 1, 0);
}

int iptv_agent_flush(struct iptv_agent *a)
{
	int result;

	if (a == NULL)
		return IPTV_AGENT_MISUSE;
	if (a->fd < 0)
		return IPTV_AGENT_AWAY;
	result = hear(a, 0, now_ms(), a->timeout_ms > 0 ? a->timeout_ms : 0);
	return result == IPTV_AGENT_REFUSED ? IPTV_AGENT_OK : result;
}

const char *iptv_agent_last(const struct iptv_agent *a)
{
	return a == NULL ? "" : a->last;
}

const char *iptv_agent_text(int result)
{
	switch (result) {
	case IPTV_AGENT_OK:
		return "done";
	case IPTV_AGENT_AWAY:
		return "no agent answers on the socket";
	case IPTV_AGENT_BUSY:
		return "the agent does not answer in time";
	case IPTV_AGENT_TOO_LONG:
		return "too long";
	case IPTV_AGENT_BAD_TEXT:
		return "a text is not UTF-8, or a field is no name or no number";
	case IPTV_AGENT_REFUSED:
		return "the agent refused it";
	case IPTV_AGENT_UNSURE:
		return "the connection broke before the answer";
	case IPTV_AGENT_MISUSE:
		return "an argument is missing or wrong";
	}
	return "unknown result";
}

void iptv_agent_close(struct iptv_agent *a)
{
	if (a != NULL)
		hang_up(a);
}
