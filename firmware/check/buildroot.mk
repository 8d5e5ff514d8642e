# What Buildroot defines around a package's file, as far as this one uses it.
BR2_EXTERNAL_STBAGENT_PATH := $(EXTERNAL)
INSTALL := install
generic-package :=
include $(EXTERNAL)/external.mk

check: D = $(STBAGENT_SITE)
check:
	test -n "$(STBAGENT_VERSION)" && test "$(STBAGENT_SITE_METHOD)" = local && test -d "$(STBAGENT_SITE)"
	cp -r "$(STBAGENT_SITE)" "$(TARGET_DIR).build"
	$(MAKE) -s -f $(firstword $(MAKEFILE_LIST)) "$(TARGET_DIR).build/installed"

%/installed:
	$(STBAGENT_INSTALL_TARGET_CMDS)
	$(STBAGENT_INSTALL_INIT_SYSV)
