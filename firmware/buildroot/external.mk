include $(sort $(wildcard $(BR2_EXTERNAL_STBAGENT_PATH)/package/*/*.mk))
