$(foreach v,LOCAL_MODULE LOCAL_MODULE_CLASS LOCAL_MODULE_PATH LOCAL_SRC_FILES,$(if $($(v)),,$(error $(v) is missing)))
$(if $(wildcard $(LOCAL_PATH)/$(LOCAL_SRC_FILES)),,$(error $(LOCAL_SRC_FILES) is not there))
MODULES += $(LOCAL_MODULE)
