# What Android's build defines around Android.mk, as far as this one uses it: each
# prebuilt module must have a name, a class, a place and a file that is there.
my-dir = $(PACKAGE)
TARGET_OUT_VENDOR := out/vendor
PLATFORM_VERSION ?= 7.1.2
CLEAR_VARS := $(dir $(lastword $(MAKEFILE_LIST)))android-clear.mk
BUILD_PREBUILT := $(dir $(lastword $(MAKEFILE_LIST)))android-prebuilt.mk
MODULES :=
include $(PACKAGE)/Android.mk

check:
	test "$(filter stbagent init.stbagent.rc,$(MODULES))" = "stbagent init.stbagent.rc"
