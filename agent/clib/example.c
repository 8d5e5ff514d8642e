/*
 * example.c: what a player reports while a film runs.
 *
 *   cc -std=c89 -o example example.c iptv_agent.c
 *   ./example /run/stbagent/events.sock
 */
#include "iptv_agent.h"

#include <stdio.h>

static void show(const char *what, int result)
{
	printf("%-10s %s\n", what, iptv_agent_text(result));
}

int main(int argc, char **argv)
{
	struct iptv_agent a;

	if (argc != 2) {
		fprintf(stderr, "call: %s SOCKET, as /run/stbagent/events.sock\n", argv[0]);
		return 2;
	}
	show("open", iptv_agent_open(&a, argv[1]));

	show("play", iptv_agent_signal(&a, "play", "mode", "vod", "content", "film", (char *)NULL));
	show("picture", iptv_agent_signal(&a, "first_frame", (char *)NULL));
	show("faster", iptv_agent_signal(&a, "speed", "#speed", "200", (char *)NULL));
	show("stop", iptv_agent_signal(&a, "stop", (char *)NULL));

	show("click", iptv_agent_event(&a, "click", "page", "home", "area", "top", "#slot", "3", (char *)NULL));
	a.timeout_ms = 2000; /* flash may be slow */
	show("order", iptv_agent_stored(&a, "order", "order_id", "20261125-7", "product", "film-48h",
					"result", "paid", "#fen", "500", (char *)NULL));
	show("answers", iptv_agent_flush(&a));

	printf("sent %lu, refused %lu, dropped %lu, unsure %lu\n", a.sent, a.refused, a.dropped, a.unsure);
	if (a.refused > 0)
		printf("the latest refusal: %s\n", iptv_agent_last(&a));
	iptv_agent_close(&a);
	return a.dropped > 0;
}
