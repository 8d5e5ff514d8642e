# shellcheck shell=sh
# Read by the scripts beside it: what an agent's settings are on this box.
#
# The image's settings win: box.conf, in the agent's folder, adds what one box has
# (STBAGENT_BOX, _ACCOUNT, _TOKEN, _CERT, _KEY, _SERIAL) and cannot turn the box elsewhere.
# Neither file is run: a line that is no setting is passed over.

# shellcheck disable=SC2034 # the scripts' that read this
RUNTIME=/run/stbagent

load() { # load FILE
	[ -r "$1" ] || return 0
	while IFS= read -r line || [ -n "$line" ]; do
		case "${line%%=*}" in
		STBAGENT_*[!A-Z0-9_]*) ;;
		STBAGENT_?*) case "$line" in *=?*) export "${line?}" ;; esac ;;
		esac
	done <"$1"
}

settings() {
	load "@DATA@/box.conf"
	load /etc/stbagent/agent.conf
	export STBAGENT_DATA="@DATA@"
}
