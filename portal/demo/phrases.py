"""What the demo's records are about: short names with the codes of the categories that they fit."""

from __future__ import annotations

from typing import NamedTuple


class Phrase(NamedTuple):
    """A short name for a row of a list, and the code of the category that it fits."""

    category: str
    name: str


# What communities ask for (C04).
DEMANDS: tuple[Phrase, ...] = (
    Phrase("01", "惠民政策进楼栋讲解"),
    Phrase("01", "社区党员专题党课"),
    Phrase("02", "楼道杂物集中清理"),
    Phrase("02", "小区绿地补种修整"),
    Phrase("03", "独居老人定期探访"),
    Phrase("03", "残疾居民出行协助"),
    Phrase("04", "假期儿童课业辅导"),
    Phrase("04", "青少年科普讲座"),
    Phrase("05", "物业合同法律咨询"),
    Phrase("05", "遗嘱与赡养法律解答"),
    Phrase("06", "老年人健康义诊"),
    Phrase("06", "居民急救知识培训"),
    Phrase("07", "就近就业岗位对接"),
    Phrase("07", "灵活就业技能培训"),
    Phrase("08", "楼道照明设施维修"),
    Phrase("08", "公共座椅修缮"),
    Phrase("09", "邻里节文艺演出"),
    Phrase("10", "停车纠纷调解支持"),
    Phrase("11", "电动自行车充电安全排查"),
    Phrase("99", "居民议事厅布置"),
)

# What units can give (C05).
RESOURCES: tuple[Phrase, ...] = (
    Phrase("1", "政策宣讲志愿队"),
    Phrase("1", "法律咨询志愿队"),
    Phrase("1", "健康服务志愿者"),
    Phrase("1", "财务管理业务骨干"),
    Phrase("2", "多功能会议室"),
    Phrase("2", "室内羽毛球场地"),
    Phrase("2", "电子阅览室"),
    Phrase("3", "便民微项目经费支持"),
    Phrase("3", "邻里节活动经费支持"),
    Phrase("4", "图书与书架"),
    Phrase("4", "便携急救箱"),
    Phrase("4", "折叠桌椅"),
    Phrase("4", "投影与音响设备"),
    Phrase("5", "惠民政策汇编"),
    Phrase("5", "就业岗位信息"),
    Phrase("6", "党员教育活动室"),
    Phrase("6", "青年学习书屋"),
    Phrase("7", "建筑安全技术咨询"),
    Phrase("7", "心理疏导服务"),
    Phrase("7", "档案整理指导"),
)

# What both do together (C04).
COOP_ITEMS: tuple[Phrase, ...] = (
    Phrase("01", "政策讲堂进社区"),
    Phrase("01", "基层党课联讲"),
    Phrase("02", "美丽楼道共建"),
    Phrase("02", "口袋公园共护"),
    Phrase("03", "银龄关爱行动"),
    Phrase("03", "助残出行服务"),
    Phrase("04", "假期成长课堂"),
    Phrase("04", "科普小课堂"),
    Phrase("05", "法律服务进家门"),
    Phrase("05", "防骗知识普及"),
    Phrase("06", "健康义诊进社区"),
    Phrase("06", "急救技能普及"),
    Phrase("07", "就业服务直通车"),
    Phrase("07", "便民技能培训班"),
    Phrase("08", "楼道照明改造"),
    Phrase("08", "公共座椅焕新"),
    Phrase("09", "邻里文化节"),
    Phrase("10", "邻里调解室共建"),
    Phrase("11", "消防通道安全排查"),
    Phrase("99", "社区议事厅提升"),
)

# What was held (C06).
ACTIVITIES: tuple[Phrase, ...] = (
    Phrase("1", "年度共建联席会"),
    Phrase("1", "三项清单对接会"),
    Phrase("1", "共建项目推进会"),
    Phrase("1", "居民需求恳谈会"),
    Phrase("2", "重温入党誓词主题党日"),
    Phrase("2", "红色阅读联合党日"),
    Phrase("2", "植绿护绿联合党日"),
    Phrase("2", "政治生日联合党日"),
    Phrase("3", "楼院清洁志愿服务"),
    Phrase("3", "健康义诊志愿服务"),
    Phrase("3", "便民维修志愿服务"),
    Phrase("3", "法律咨询志愿服务"),
    Phrase("4", "惠民政策宣讲"),
    Phrase("4", "消防安全宣讲"),
    Phrase("4", "反诈知识宣讲"),
    Phrase("5", "节前走访慰问"),
    Phrase("5", "独居老人探访"),
    Phrase("5", "困难家庭走访"),
    Phrase("9", "邻里节文艺汇演"),
    Phrase("9", "社区趣味运动会"),
)


# What study groups deal with, and how (C22).
STUDY_TOPICS: tuple[Phrase, ...] = (
    Phrase("1", "党章和党内法规"),
    Phrase("2", "坚定理想信念"),
    Phrase("3", "经典著作选读"),
    Phrase("4", "城市更新与基层治理"),
    Phrase("5", "营商环境优化"),
    Phrase("6", "党史知识"),
    Phrase("7", "调查研究方法"),
    Phrase("8", "窗口服务与群众工作"),
    Phrase("1", "高质量发展"),
    Phrase("3", "中华优秀传统文化"),
)

# What visits find.
FINDINGS: tuple[str, ...] = (
    "家中情况平稳，身体状况较上次有好转，生活用品充足。",
    "老人独自居住，子女每周探望，已提醒注意用电用气安全。",
    "近期就医次数较多，需要协助办理报销手续。",
    "孩子开学在即，已了解助学政策并说明办理方法。",
    "屋内照明线路老化，已联系社区安排检修。",
)

# What service projects do, by series (C26), and how they go.
PROJECTS: tuple[Phrase, ...] = (
    Phrase("1", "便民服务点提升"),
    Phrase("2", "议事协商阵地建设"),
    Phrase("3", "企业用工对接服务"),
    Phrase("1", "适老化设施改造"),
    Phrase("2", "网格力量培训"),
    Phrase("3", "惠企政策上门讲解"),
    Phrase("1", "老旧楼道照明改造"),
    Phrase("2", "应急物资共享"),
    Phrase("3", "企业办事帮办代办"),
    Phrase("1", "社区健康小屋"),
    Phrase("1", "儿童活动角"),
)
PROGRESS: tuple[str, ...] = (
    "已完成前期摸排，方案征求意见中。",
    "按计划推进，主要任务已落实到人。",
    "现场工作基本完成，正在收尾。",
)
