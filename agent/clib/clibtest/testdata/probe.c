/*
 * probe.c drives the library by commands from standard input, one a line, and
 * answers each by "result sent refused dropped unsure ms last".
 */
#include "../../iptv_agent.h"

#include <stdio.h>
#include <string.h>
#include <sys/time.h>

static double seconds(void)
{
	struct timeval t;

	gettimeofday(&t, NULL);
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(void)
{
	static struct iptv_agent a;
	static char line[8192];

	while (fgets(line, sizeof line, stdin) != NULL) {
		char *arg = strchr(line, ' ');
		double start = seconds();
		int r = -99, i;

		line[strcspn(line, "\n")] = '\0';
		if (arg != NULL)
			*arg++ = '\0';
		if (strcmp(line, "open") == 0)
			r = iptv_agent_open(&a, arg);
		else if (strcmp(line, "time") == 0)
			r = sscanf(arg, "%d", &a.timeout_ms) - 1;
		else if (strcmp(line, "click") == 0) /* its content is the argument */
			r = iptv_agent_event(&a, "click", "page", "home", "content", arg, "area", (char *)NULL, "#slot", "3", (char *)NULL);
		else if (strcmp(line, "slot") == 0)
			r = iptv_agent_event(&a, "click", "page", "home", "#slot", arg, (char *)NULL);
		else if (strcmp(line, "field") == 0)
			r = iptv_agent_event(&a, "click", "page", "home", arg, "x", (char *)NULL);
		else if (strcmp(line, "stored") == 0)
			r = iptv_agent_stored(&a, "click", "page", arg, (char *)NULL);
		else if (strcmp(line, "play") == 0)
			r = iptv_agent_signal(&a, "play", "mode", "vod", "content", arg, (char *)NULL);
		else if (strcmp(line, "raw") == 0)
			r = iptv_agent_raw(&a, arg);
		else if (strcmp(line, "many") == 0)
			for (i = 0; i < 2000; i++)
				r = iptv_agent_event(&a, "click", "page", "home", (char *)NULL);
		else if (strcmp(line, "flush") == 0)
			r = iptv_agent_flush(&a);
		else if (strcmp(line, "close") == 0)
			iptv_agent_close(&a);
		printf("%d %lu %lu %lu %lu %d %s\n", r, a.sent, a.refused, a.dropped, a.unsure,
		       (int)((seconds() - start) * 1000), iptv_agent_last(&a));
		fflush(stdout);
	}
	return 0;
}
