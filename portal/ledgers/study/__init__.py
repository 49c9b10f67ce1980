"""Youth theory study groups with their plans, sessions and outputs (`docs/domain` §2.4)."""

from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext

from portal.core.declaration.groups import Form, List, Number, Owner, Review, Sheet
from portal.core.declaration.ledger import Ledger
from portal.core.declaration.parts import (
    ARCHIVED,
    DRAFT,
    PENDING_COMMITTEE,
    PENDING_UNIT,
    RETURNED,
    VOIDED,
    ChildTable,
    Derived,
    Files,
    Section,
    Status,
    Under,
)
from portal.core.fields import Field, NumberAbove
from portal.ledgers.study import figures, rules, workflow
from portal.ledgers.study.computed_columns import GROUP_COLUMNS
from portal.ledgers.study.model import StudyGroup, StudyOutput, StudyPlan, StudySession

GROUP = _("Youth theory study groups")
OPEN = ("active", "done")

study_groups = Ledger(
    name="study_groups",
    label=_("Study groups"),
    one=_("Study group"),
    group=GROUP,
    icon="users",
    about=_(
        "One record for each youth theory study group, with its leader, liaison and members. Members who "
        "leave are given a last day and stay in the list."
    ),
    model=StudyGroup,
    owner=Owner("unit_id", org="org_id"),
    number=Number("XZ"),
    fields=GROUP_COLUMNS,
    form=Form(
        sections=(
            Section(_("Study group"), ("unit_id", "org_id", "name", "form", "founded_on", "freq", "approve_doc")),
            Section(_("People"), ("leader_id", "deputy_id", "liaison_id", "tutor", "member_cnt")),
            Section(_("As reported"), ("office_no", "reported_member_cnt", "reported_session_cnt", "remark")),
        ),
        tables=(
            ChildTable(
                "group_members",
                _("Group members"),
                _("Group member"),
                ("member_id", "role", "political_status", "birth_ym", "joined_on", "left_on", "leave_reason"),
                in_force=True,
                sensitive=("birth_ym",),
            ),
        ),
        files=(Files("attachments", _("Attachments")),),
        defaults=rules.group_defaults,
        rules=rules.GROUP_RULES,
        derive=rules.complete_group,
    ),
    list=List(
        columns=("record_no", "name", "unit_id", "leader_id", "liaison_id", "member_cnt", "founded_on", "status"),
        filters=("status", "owner_unit_id", "form", "freq", "founded_on", "gaps"),
        bulk=("delete_selected",),
    ),
    review=Review(
        transitions=workflow.GROUP_MOVES,
        statuses={
            "draft": DRAFT,
            "pending_unit": PENDING_UNIT,
            "pending_committee": PENDING_COMMITTEE,
            "returned": RETURNED,
            "active": Status(lazy_pgettext("study_groups", "Running"), "ok"),
            "done": Status(lazy_pgettext("study_groups", "Stopped"), "end"),
            "terminated": Status(lazy_pgettext("study_groups", "Dissolved"), "end"),
            "archived": ARCHIVED,
            "voided": VOIDED,
        },
        effective={
            "idle": Derived(
                Status(lazy_pgettext("study_groups", "Without study for two periods"), "warn"),
                ("active",),
                figures.idle,
            ),
            "few": Derived(
                Status(lazy_pgettext("study_groups", "Fewer than three members"), "warn"), ("active",), figures.few
            ),
        },
        tier=3,
    ),
    sheet=Sheet(
        export=(
            *("record_no", "office_no", "name", "unit_id", "founded_on", "leader_id", "liaison_id", "member_cnt"),
            *(
                "reported_member_cnt",
                "session_count",
                "participation",
                "output_count",
                "form",
                "freq",
                "status",
                "remark",
            ),
        ),
        title=_("Ledger of youth theory study groups"),
        words={
            "office_no": ("编号", "小组编号", "原编号", "小组编码"),
            "name": (
                *("小组名称", "名称", "学习小组名称", "小组", "青年理论学习小组", "学习小组", "小组全称", "小组名"),
                *("青年理论学习小组名称", "理论学习小组", "理论学习小组名称", "学习小组全称"),
            ),
            "unit_id": (
                *("所在单位", "所属单位", "单位", "单位名称", "组建单位", "填报单位", "单位全称", "责任单位"),
                *("所在机关", "所属机关"),
            ),
            "org_id": (
                *("所在党组织", "所属党组织", "党组织", "所在党支部", "所属党支部", "党支部", "依托党组织"),
                *("党组织名称",),
            ),
            "founded_on": (
                *("成立时间", "成立日期", "组建时间", "组建日期", "成立年月", "建立时间", "建立日期", "组建年月"),
                *("创建时间", "小组成立时间", "小组成立日期"),
            ),
            "form": ("组建形式", "组建方式", "组建类型", "组建模式"),
            "leader_id": (
                "组长",
                "小组长",
                "小组组长",
                "组长姓名",
                "负责人",
                "小组负责人",
                "小组组长姓名",
                "负责人姓名",
            ),
            "deputy_id": ("副组长", "副组长姓名", "小组副组长"),
            "liaison_id": ("联络员", "联系人", "联络员姓名", "小组联络员", "联络人", "联系人姓名", "小组联系人"),
            "tutor": ("指导员", "辅导员", "指导员辅导员", "导师"),
            "reported_member_cnt": (
                *("成员数", "人数", "成员人数", "小组人数", "组员数", "成员数量", "小组成员数", "小组成员人数"),
                *("组员人数", "现有人数", "现有成员数", "总人数"),
            ),
            "reported_session_cnt": (
                *("本期学习次数", "学习次数", "学习活动次数", "本年学习次数", "活动次数", "开展学习次数"),
                *("集中学习次数", "本期集中学习次数", "本年度学习次数", "本季度学习次数", "本期活动次数"),
                *("开展活动次数", "学习场次"),
            ),
            "freq": ("学习频次", "频次", "学习频次要求", "学习频率", "学习周期", "活动频次"),
            "approve_doc": ("批准文号", "文号", "批复文号", "成立文号", "批准文件", "批复文件"),
            "terminated_on": ("解散日期", "解散时间", "撤销日期", "撤销时间"),
            "terminate_reason": ("解散原因", "撤销原因"),
            "status": ("状态", "运行状态", "运行情况", "小组状态", "当前状态"),
            "remark": ("备注", "说明", "备注说明", "其他说明", "备注信息"),
        },
        ignored=("序号", "参学率", "成果数", "项目数", "填报日期", "成员名单"),
        essential=("name", "unit_id"),
        status_words={
            "active": ("运行中", "正常", "在运行", "活跃", "运行"),
            "done": ("停止", "已停止", "暂停"),
            "terminated": ("撤销", "已撤销", "解散"),
        },
        identity=("unit_id", "name"),
    ),
    figures=figures.GROUP_FIGURES,
)

study_plans = Ledger(
    name="study_plans",
    label=_("Study plans"),
    one=_("Study plan"),
    group=GROUP,
    icon="list-details",
    about=_("The plan of a group for a year or a quarter: topics, forms and dates."),
    model=StudyPlan,
    under=Under("group", "study_groups", ("active",)),
    form=Form(
        sections=(Section(_("Plan"), ("plan_year", "span", "note")),),
        tables=(ChildTable("plan_topics", _("Topics"), _("Topic"), ("topic", "month", "content", "speaker")),),
        rules=(rules.one_plan,),
        derive=rules.of_plan_year,
    ),
    list=List(
        columns=("plan_year", "span", "group_id", "owner_unit_id", "status"),
        filters=("status", "owner_unit_id", "plan_year", "span"),
        bulk=("delete_selected",),
    ),
    review=Review(
        transitions=workflow.PLAN_MOVES,
        statuses={
            "draft": DRAFT,
            "active": Status(lazy_pgettext("study_plans", "Published"), "ok"),
            "done": Status(lazy_pgettext("study_plans", "Carried out"), "end"),
            "voided": VOIDED,
        },
        effective={
            "running": Derived(
                Status(lazy_pgettext("study_plans", "Being carried out"), "ok"),
                ("active",),
                figures.running,
                figures.is_running,
                needs=("plan_year", "span"),
            )
        },
    ),
    figures=figures.PLAN_FIGURES,
)

study_sessions = Ledger(
    name="study_sessions",
    label=_("Study sessions"),
    one=_("Study session"),
    group=GROUP,
    icon="calendar",
    about=_("One record for each study activity that was held, with who attended."),
    model=StudySession,
    under=Under("group", "study_groups", ("active",)),
    number=Number("XH"),
    fields={"group_no": Field(NumberAbove("group"), _("Number of the group"), entered=False)},
    form=Form(
        sections=(
            Section(
                _("Session"),
                (
                    *("held_on", "form", "theme", "plan_topic_id", "place_type", "speakers", "due_cnt", "present_cnt"),
                    *("leave_cnt", "summary"),
                ),
            ),
        ),
        tables=(
            ChildTable(
                "attendances",
                _("Attendance"),
                _("Group member"),
                ("group_member_id", "presence"),
                given=rules.members_present,
            ),
        ),
        files=(Files("attachments", _("Materials")),),
        copied=("form", "place_type", "speakers"),
        defaults=rules.count_presences,
        rules=rules.SESSION_RULES,
    ),
    list=List(
        columns=("record_no", "held_on", "theme", "group_id", "form", "present_cnt", "due_cnt", "status"),
        filters=("status", "owner_unit_id", "form", "held_on", "place_type"),
        order="-held_on",
        bulk=("delete_selected",),
    ),
    review=Review(
        transitions=workflow.SESSION_MOVES,
        statuses={
            "draft": DRAFT,
            "pending_unit": PENDING_UNIT,
            "returned": RETURNED,
            "active": Status(lazy_pgettext("study_sessions", "Submitted"), "ok"),
            "voided": VOIDED,
        },
    ),
    sheet=Sheet(
        export=(
            *("record_no", "group_no", "group_id", "held_on", "form", "theme", "place_type", "speakers", "due_cnt"),
            "present_cnt",
            *("leave_cnt", "summary", "status"),
        ),
        headings=(Section(_("Attendance"), ("due_cnt", "present_cnt", "leave_cnt")),),
        title=_("Book of study sessions"),
        words={
            "group_no": ("小组记录编号", "小组编号"),
            "group_id": ("小组名称", "学习小组", "所属小组", "小组"),
            "held_on": ("学习日期", "学习时间", "活动日期", "活动时间", "日期", "时间", "开展时间", "开展日期"),
            "form": ("学习形式", "形式", "活动形式", "学习方式"),
            "theme": ("学习主题", "主题", "活动主题", "学习内容", "学习主题内容", "学习题目"),
            "place_type": ("学习地点", "地点", "地点类型", "活动地点", "学习场所"),
            "speakers": ("主讲人", "领学人", "发言人", "主讲", "领学", "重点发言人", "主讲人姓名"),
            "due_cnt": ("应到人数", "应到", "应参加人数", "应参学人数"),
            "present_cnt": ("实到人数", "实到", "参学人数", "参加人数", "参会人数", "实际参加人数", "出席人数"),
            "leave_cnt": ("请假人数", "请假"),
            "summary": ("学习小结", "学习情况", "小结", "活动小结", "学习总结", "活动情况"),
            "status": ("状态", "审核状态", "填报状态"),
        },
        ignored=("序号", "填报日期"),
        essential=("held_on",),
        identity=("held_on", "theme"),
    ),
    figures=figures.SESSION_FIGURES,
)

study_outputs = Ledger(
    name="study_outputs",
    label=_("Study outputs"),
    one=_("Study output"),
    group=GROUP,
    icon="book",
    about=_("What came out of studying: reports, articles, proposals and awards, with who made them."),
    model=StudyOutput,
    under=Under("group", "study_groups", OPEN),
    form=Form(
        sections=(
            Section(
                _("Study output"), ("output_type", "title", "author_id", "finished_on", "adopted", "publish_scope")
            ),
        ),
        files=(Files("attachments", _("Attachments")),),
        rules=(rules.finished,),
    ),
    list=List(
        columns=("finished_on", "output_type", "title", "author_id", "group_id", "adopted"),
        filters=("output_type", "adopted", "finished_on"),
        order="-finished_on",
    ),
    figures=figures.OUTPUT_FIGURES,
)
