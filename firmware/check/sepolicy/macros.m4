divert(-1)
Stand-ins for the macros of Android's policy that stbagent.te calls, with what
AOSP gives by them (te_macros, global_macros), as far as the types of before.te go.
define(`r_file_perms', `{ getattr open read ioctl lock map }')
define(`create_file_perms', `{ create rename setattr unlink getattr open read ioctl lock map append write }')
define(`r_dir_perms', `{ open getattr read search ioctl lock }')
define(`create_dir_perms', `{ create reparent rename rmdir setattr open getattr read search ioctl lock add_name remove_name write }')
define(`r_dir_file', `allow $1 $2:dir r_dir_perms; allow $1 $2:{ file lnk_file } r_file_perms;')
define(`domain_auto_trans', `allow $1 $2:file { getattr open read execute map };
allow $1 $3:process transition;
allow $3 $2:file { entrypoint open read execute getattr map };
type_transition $1 $2:process $3;')
define(`init_daemon_domain', `domain_auto_trans(init, $1_exec, $1)')
define(`net_domain', `typeattribute $1 netdomain;')
divert(0)dnl
