SUMMARY = "Set-top box agent"
DESCRIPTION = "Records what happens on a set-top box, keeps it through power cuts \
and outages, and brings it to the centre exactly once."
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://${COMMON_LICENSE_DIR}/Apache-2.0;md5=89aea4e17d99a7cacdbeed46a0096b10"
PV = "@VERSION@"

SRC_URI = "file://root"
S = "${WORKDIR}/root"

COMPATIBLE_HOST = "@YOCTO_HOST@"

inherit systemd useradd

SYSTEMD_SERVICE:${PN} = "stbagent.service"
USERADD_PACKAGES = "${PN}"
USERADD_PARAM:${PN} = "--system --no-create-home --home-dir @DATA@ --shell /sbin/nologin --user-group stbagent"

# Built already, static and stripped.
INHIBIT_PACKAGE_STRIP = "1"
INHIBIT_PACKAGE_DEBUG_SPLIT = "1"
INSANE_SKIP:${PN} += "already-stripped ldflags"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -d ${D}${bindir} ${D}${systemd_system_unitdir} ${D}${nonarch_libdir}/tmpfiles.d ${D}${sysconfdir}/stbagent
    install -m 0755 ${S}/usr/bin/stbagent ${D}${bindir}/stbagent
    install -m 0644 ${S}/usr/lib/systemd/system/stbagent.service ${D}${systemd_system_unitdir}/stbagent.service
    install -m 0644 ${S}/usr/lib/tmpfiles.d/stbagent.conf ${D}${nonarch_libdir}/tmpfiles.d/stbagent.conf
    install -m 0644 ${S}/etc/stbagent/* ${D}${sysconfdir}/stbagent/
    chmod @CONF_MODE@ ${D}${sysconfdir}/stbagent/agent.conf
}

FILES:${PN} += "${nonarch_libdir}/tmpfiles.d/stbagent.conf"
CONFFILES:${PN} = "${sysconfdir}/stbagent/agent.conf"
