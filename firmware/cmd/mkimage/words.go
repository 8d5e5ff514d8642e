package main

import "strings"

// words are what people read of the program, but for errors about files, which
// name fields and lines and are in English as those of the agent.
type words struct {
	zh                                                           bool
	usage, help, noCommand, noFlag, missing, epoch               string
	columns, over, differs, same                                 string
	flagAgents                                                   string
	commands                                                     map[string]string
	flagTargets, flagNames, flagTarget, flagAgent                string
	flagConf, flagCA, flagClaim, flagBase, flagRamBase, flagOnly string
	flagVersion, flagOut, flagStrict                             string
	flagUpdateKeys                                               string
}

var english = words{
	usage: `mkimage makes a set-top box's firmware of an agent, a kind of box and a configuration.

  mkimage targets
        the kinds of box, and what is made for each
  mkimage conf > agent.conf
        a configuration to start from; write broker, province and city into it
  mkimage build --target NAME --agent FILE --conf agent.conf --version V --out DIR
        images or packages, manifest.json, sbom.cdx.json; see mkimage build -h

  mkimage all --agents DIR --conf agent.conf --version V --out DIR
        every target, each twice, compared byte by byte; see mkimage all -h

The same input gives the same bytes; SOURCE_DATE_EPOCH sets the time inside
(default: the commit the agent was built of). firmware/GUIDE.md tells the rest.
In Chinese with LANG=zh_CN.UTF-8.
`,
	help:      "mkimage -h tells how it is called",
	noCommand: "%q is no command; allowed: build, all, targets, conf",
	noFlag:    "%q is no flag; flags begin with --",
	missing:   "--%s is missing",
	epoch:     "SOURCE_DATE_EPOCH=%q; want seconds since 1970",
	columns:   "TARGET\tPROCESSOR\tINIT\tKERNEL\tFOLDER\tMAKES\tBOX",
	over:      "over budget",
	differs:   "%s: two builds differ in %s",
	same:      "%d targets, each made twice: the same bytes\n",
	commands: map[string]string{
		"build":   "mkimage build makes all that the target takes, or --only some of it. Flags:",
		"all":     "mkimage all makes everything twice, in DIR/1 and DIR/2, and compares. Flags:",
		"targets": "mkimage targets lists the kinds of box. Flags:",
	},
	flagTargets: "`file` with kinds of box in place of the built-in ones (firmware/targets.yaml)",
	flagNames:   "names only",
	flagAgents:  "`folder` with stbagent-armv7, stbagent-arm64 and so on",
	flagTarget:  "kind of box, a `name` of mkimage targets",
	flagAgent:   "the agent built for it, a `file`",
	flagConf:    "agent.conf, a `file`; mkimage conf prints one",
	flagCA:      "`file` with the certificates (PEM) that brokers are checked against",
	flagClaim:   "`file` with the credential by which boxes claim their certificates; aggregator claim new makes one",
	flagBase:    "the box's own root as a `tar`; the squashfs is then the whole root, else the agent's files alone",
	flagRamBase: "bin/busybox and modules/*.ko for an initramfs, as a `tar`",
	flagOnly:    "`artefacts` to make, with commas between (default: all of the target)",
	flagVersion: "`version` of the firmware's package, as 1.4.2",
	flagOut:     "`folder` to fill; it must be empty or not there",
	flagStrict:  "refuse an agent that is over its raw size budget",

	flagUpdateKeys: "`file` with the public keys that may sign updates of the agent, as aggregator update keygen prints them; not for Android",
}

var chinese = words{
	zh: true,
	usage: `mkimage 用采集程序、机顶盒类型和配置制作固件。

  mkimage targets
        列出机顶盒类型，以及各自能制作的内容
  mkimage conf > agent.conf
        输出一份起始配置；请填写 broker、省份和地市
  mkimage build --target NAME --agent FILE --conf agent.conf --version V --out DIR
        制作镜像或软件包，以及 manifest.json、sbom.cdx.json；详见 mkimage build -h

  mkimage all --agents DIR --conf agent.conf --version V --out DIR
        制作所有类型，各做两遍并逐字节比较；详见 mkimage all -h

输入相同，输出逐字节相同；内部时间由 SOURCE_DATE_EPOCH 指定
（缺省为采集程序源码的提交时间）。其余说明见 firmware/GUIDE.zh.md。
`,
	help:      "用法见 mkimage -h",
	noCommand: "没有命令 %q；可用：build、all、targets、conf",
	noFlag:    "%q 不是参数；参数以 -- 开头",
	missing:   "缺少 --%s",
	epoch:     "SOURCE_DATE_EPOCH=%q：应为自 1970 年起的秒数",
	columns:   "类型\t处理器\tINIT\t内核\t数据目录\t制作内容\t机顶盒",
	over:      "超出预算",
	differs:   "%s：两次制作的 %s 不同",
	same:      "%d 种类型各制作两遍：逐字节相同\n",
	commands: map[string]string{
		"build":   "mkimage build 制作该类型所需的全部内容，或用 --only 指定其中几项。参数：",
		"all":     "mkimage all 将全部内容制作两遍（DIR/1 和 DIR/2）并比较。参数：",
		"targets": "mkimage targets 列出机顶盒类型。参数：",
	},
	flagTargets: "机顶盒类型`文件`，代替内置的 firmware/targets.yaml",
	flagNames:   "只输出名称",
	flagAgents:  "含 stbagent-armv7、stbagent-arm64 等的`目录`",
	flagTarget:  "机顶盒类型`名称`，见 mkimage targets",
	flagAgent:   "为该类型编译的采集程序`文件`",
	flagConf:    "agent.conf `文件`；mkimage conf 可输出一份",
	flagCA:      "校验 broker 的证书`文件`（PEM）",
	flagClaim:   "机顶盒申领证书所用的凭证 `文件`，由 aggregator claim new 生成",
	flagBase:    "机顶盒自身根文件系统的 `tar`；给出后 squashfs 为完整根，否则只含采集程序的文件",
	flagRamBase: "initramfs 所需的 bin/busybox 和 modules/*.ko，打成 `tar`",
	flagOnly:    "只制作这些`内容`，逗号分隔（缺省为全部）",
	flagVersion: "固件包`版本`，如 1.4.2",
	flagOut:     "输出`目录`，须为空或不存在",
	flagStrict:  "采集程序超出未压缩大小预算时拒绝制作",

	flagUpdateKeys: "可签署采集程序升级包的公钥`文件`，由 aggregator update keygen 输出；不用于 Android",
}

// wordsFor chooses the language as programs on a terminal do.
func wordsFor(getenv func(string) string) *words {
	for _, name := range []string{"LC_ALL", "LC_MESSAGES", "LANG"} {
		if v := getenv(name); v != "" {
			if strings.HasPrefix(v, "zh") {
				return &chinese
			}
			break
		}
	}
	return &english
}
