# What OpenWrt defines around a package's file, as far as this one uses it.
INCLUDE_DIR := $(TOPDIR)
INSTALL_DIR := install -d -m0755
INSTALL_BIN := install -m0755
INSTALL_DATA := install -m0644
CP := cp -fpR
PKG_BUILD_DIR := $(TARGET_DIR).build
BuildPackage :=

check:
	mkdir -p "$(TOPDIR)"
	touch "$(TOPDIR)/rules.mk" "$(TOPDIR)/package.mk"
	cd "$(PACKAGE)" && $(MAKE) -s -f "$(abspath $(firstword $(MAKEFILE_LIST)))" installed STEP=1

ifdef STEP
include $(PACKAGE)/Makefile

installed:
	$(Build/Prepare)
	$(call Package/stbagent/install,$(TARGET_DIR))
endif
