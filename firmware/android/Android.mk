# Before Android 8; later ones take Android.bp, and this file then does nothing.
ifneq ($(filter 4.% 5.% 6.% 7.%,$(PLATFORM_VERSION)),)
LOCAL_PATH := $(call my-dir)

include $(CLEAR_VARS)
LOCAL_MODULE := stbagent
LOCAL_MODULE_CLASS := EXECUTABLES
LOCAL_MODULE_TAGS := optional
LOCAL_MODULE_PATH := $(TARGET_OUT_VENDOR)/bin
LOCAL_SRC_FILES := stbagent
LOCAL_STRIP_MODULE := false
LOCAL_REQUIRED_MODULES := init.stbagent.rc@MK_REQUIRED@
include $(BUILD_PREBUILT)

include $(CLEAR_VARS)
LOCAL_MODULE := init.stbagent.rc
LOCAL_MODULE_CLASS := ETC
LOCAL_MODULE_TAGS := optional
LOCAL_MODULE_PATH := $(TARGET_OUT_VENDOR)/etc/init
LOCAL_SRC_FILES := init.stbagent.rc
include $(BUILD_PREBUILT)
@MK_CA@endif
