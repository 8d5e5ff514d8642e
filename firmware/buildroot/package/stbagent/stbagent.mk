################################################################################
#
# stbagent
#
################################################################################

STBAGENT_VERSION = @VERSION@
STBAGENT_SITE = $(BR2_EXTERNAL_STBAGENT_PATH)/package/stbagent/root
STBAGENT_SITE_METHOD = local
STBAGENT_LICENSE = Apache-2.0

# Built already, and stripped: the files are laid out as the target has them.
define STBAGENT_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(@D)/usr/bin/stbagent $(TARGET_DIR)/usr/bin/stbagent
	$(INSTALL) -D -m 0755 $(@D)/usr/libexec/stbagent/run $(TARGET_DIR)/usr/libexec/stbagent/run
	$(INSTALL) -D -m 0755 $(@D)/usr/libexec/stbagent/watch $(TARGET_DIR)/usr/libexec/stbagent/watch
	$(INSTALL) -D -m 0644 $(@D)/usr/libexec/stbagent/conf.sh $(TARGET_DIR)/usr/libexec/stbagent/conf.sh
	$(INSTALL) -D -m 0644 $(@D)/etc/inittab.stbagent $(TARGET_DIR)/etc/inittab.stbagent
	cd $(@D)/etc/stbagent && for f in *; do \
		$(INSTALL) -D -m 0644 $$f $(TARGET_DIR)/etc/stbagent/$$f || exit 1; done
	chmod @CONF_MODE@ $(TARGET_DIR)/etc/stbagent/agent.conf
	mkdir -p $(TARGET_DIR)@MOUNT@
endef

define STBAGENT_INSTALL_INIT_SYSV
	$(INSTALL) -D -m 0755 $(@D)/etc/init.d/S99stbagent $(TARGET_DIR)/etc/init.d/S99stbagent
endef

$(eval $(generic-package))
