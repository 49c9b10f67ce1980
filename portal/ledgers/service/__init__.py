"""Service projects and the entries under them (`docs/domain` §2.5.1)."""

from flask_babel import lazy_gettext as _
from flask_babel import lazy_pgettext

from portal.core.declaration.groups import Form, List, Number, Owner, Privacy, Review, Sheet
from portal.core.declaration.ledger import READING, Ledger
from portal.core.declaration.parts import (
    ARCHIVED,
    DRAFT,
    PENDING_COMMITTEE,
    PENDING_UNIT,
    RETURNED,
    VOIDED,
    Derived,
    Files,
    Section,
    Status,
    Under,
)
from portal.core.declaration.workflow import COMMITTEE
from portal.core.fields import Field, NumberAbove
from portal.core.records.shared_rules import by_whom
from portal.ledgers.service import figures, rules, workflow
from portal.ledgers.service.computed_columns import PROJECT_COLUMNS
from portal.ledgers.service.model import Acceptance, Extension, Milestone, Progress, Satisfaction, ServiceProject

GROUP = _("Service projects")
ENTERING = (*READING, "add", "edit", "delete")

service_projects = Ledger(
    name="service_projects",
    label=_("Service projects"),
    one=_("Service project"),
    group=GROUP,
    icon="briefcase",
    about=_("One record for each project, from its proposal to its acceptance; progress is reported under it."),
    model=ServiceProject,
    owner=Owner("lead_unit_id"),
    number=Number(prefix="FW", dated_by=("approved_on",)),
    fields=PROJECT_COLUMNS,
    form=Form(
        sections=(
            Section(
                _("Project"),
                ("title", "series", "origin", "area_id", "beneficiaries", "benefit_cnt", "problem", "measures"),
            ),
            Section(_("Responsibility"), ("lead_unit_id", "co_unit_ids", "leader", "owner_name")),
            Section(_("Time and funds"), ("collected_on", "approved_on", "due_on", "priority", "budget", "progress")),
            Section(_("Completion"), ("acceptance_asked_on", "done_on", "outcome", "deferred_until", "by_counterpart")),
            Section(_("Filing"), ("office_no", "remark", "publish_scope")),
        ),
        files=(Files("attachments", _("Attachments")),),
        carried=("leader", "owner_name"),
        defaults=rules.project_defaults,
        rules=rules.PROJECT_RULES,
        derive=by_whom,
    ),
    list=List(
        columns=(
            "record_no",
            "title",
            "series",
            "area_id",
            "lead_unit_id",
            "owner_name",
            "due_on",
            "progress",
            "status",
        ),
        filters=(
            *("status", "series", "origin", "area_id", "owner_unit_id", "priority", "collected_on", "approved_on"),
            *("due_on", "gaps"),
        ),
        bulk=("delete_selected",),
    ),
    review=Review(
        transitions=workflow.PROJECT_MOVES,
        statuses={
            "draft": Status(lazy_pgettext("service_projects", "Collected (draft)"), "draft", step=_("Collecting")),
            "pending_unit": PENDING_UNIT,
            "pending_committee": Status(
                lazy_pgettext("service_projects", "Pending the committee's approval"), "wait", _("Committee approval")
            ),
            "returned": RETURNED,
            "active": Status(lazy_pgettext("service_projects", "In progress"), "ok"),
            "done": Status(lazy_pgettext("service_projects", "Completed"), "end"),
            "terminated": Status(lazy_pgettext("service_projects", "Refused or ended"), "end"),
            "archived": ARCHIVED,
            "voided": VOIDED,
        },
        effective={
            "resting": Derived(
                Status(lazy_pgettext("service_projects", "On the books"), "warn"),
                ("active",),
                figures.resting,
                figures.is_resting,
                needs=("deferred_until",),
            ),
            "asked": Derived(
                Status(lazy_pgettext("service_projects", "Pending acceptance"), "wait"),
                ("active",),
                figures.asked,
                figures.is_asked,
                needs=("acceptance_asked_on",),
            ),
            "overdue": Derived(
                Status(lazy_pgettext("service_projects", "Overdue"), "bad"),
                ("active",),
                figures.overdue,
                figures.is_overdue,
                needs=("due_on",),
            ),
            "silent": Derived(
                Status(lazy_pgettext("service_projects", "Nothing reported for two cycles"), "warn"),
                ("active",),
                figures.silent,
            ),
        },
        tier=3,
        required_in_force=("measures",),
    ),
    sheet=Sheet(
        export=(
            *("record_no", "office_no", "title", "series", "origin", "area_id", "lead_unit_id", "owner_name"),
            *("approved_on", "due_on", "progress_note", "progress", "done_on", "accepted", "satisfaction", "status"),
            "remark",
        ),
        headings=(Section(_("Progress"), ("approved_on", "due_on", "progress_note", "progress", "done_on")),),
        words={
            "office_no": ("编号", "项目编号", "原编号", "项目号", "项目编码", "立项编号"),
            "series": ("类别", "活动类别", "项目类别", "所属类别", "系列", "项目系列", "实事类别", "服务类别"),
            "title": (
                *("项目名称", "名称", "服务项目", "服务项目名称", "项目", "实事项目", "实事项目名称", "办实事项目"),
                *("办实事项目名称", "事项名称", "事项"),
            ),
            "origin": ("征集来源", "来源", "项目来源", "需求来源", "征集渠道", "来源渠道", "征集方式"),
            "area_id": (
                *("征集地区", "地区", "所属街镇", "街镇", "街镇开发区", "所属地区", "服务地区", "所在街镇", "征集街镇"),
                *("街道", "街道镇", "所属街道", "所在地区", "项目所在地区", "涉及街镇", "涉及街道"),
            ),
            "beneficiaries": (
                "服务对象",
                "受益范围",
                "服务对象及受益范围",
                "受益群体",
                "受益对象",
                "受益人群",
                "服务人群",
            ),
            "problem": ("问题描述", "需求描述", "存在问题", "问题需求", "问题清单", "问题及需求", "需求内容"),
            "measures": (
                *("工作措施", "目标措施", "工作目标与措施", "主要措施", "服务措施", "工作举措", "主要举措", "具体举措"),
                *("具体措施", "办理措施", "解决措施"),
            ),
            "lead_unit_id": (
                *("责任单位", "牵头单位", "主责单位", "承办单位", "单位", "单位名称", "责任部门", "负责单位"),
                *("主办单位", "实施单位", "责任单位名称", "牵头部门", "所在单位"),
            ),
            "co_unit_ids": ("协办单位", "配合单位", "协同单位", "协助单位", "参与单位", "配合部门", "协办部门"),
            "benefit_cnt": ("受益人数", "惠及人数", "服务人数", "受益人次", "惠及人次", "预计受益人数", "覆盖人数"),
            "budget": (
                *("所需经费", "经费", "经费预算", "项目经费", "所需资金", "资金", "项目资金", "投入资金", "资金投入"),
                *("经费需求", "资金需求", "项目预算", "金额", "经费金额", "投入经费", "计划投资", "预算金额", "预算"),
            ),
            "leader": ("责任领导", "分管领导", "分管负责人", "牵头领导", "包保领导", "责任领导姓名"),
            "owner_name": (
                *("责任人", "负责人", "联系人", "具体负责人", "责任人姓名", "负责人姓名", "项目负责人", "项目责任人"),
                *("具体责任人", "联系人姓名", "承办人"),
            ),
            "collected_on": ("征集日期", "征集时间", "收集时间", "收集日期", "征集年月"),
            "approved_on": ("立项日期", "立项时间", "开始时间", "项目立项时间", "项目立项日期", "立项年月"),
            "due_on": (
                *("完成时限", "完成期限", "办结时限", "计划完成时间", "截止日期", "时限要求", "计划完成日期"),
                *("计划完成时限", "预计完成时间", "预计完成日期", "拟完成时间", "办结期限", "项目完成时限"),
            ),
            "done_on": (
                *("完成日期", "实际完成日期", "实际完成时间", "办结日期", "办结时间", "实际办结日期", "实际办结时间"),
                *("竣工日期", "完工日期"),
            ),
            "project_progress.percent": (
                *("进度", "完成进度", "工作进度", "进展百分比", "进度%", "完成比例", "完成率", "完成百分比", "完成度"),
                *("完成进度百分比", "进度比例", "进展比例", "项目进度", "当前进度", "目前进度", "办理进度"),
                *("工作完成比例",),
            ),
            "project_progress.note": (
                *("进展情况", "进展", "工作进展", "办理情况", "推进情况", "工作进展情况", "项目进展", "项目进展情况"),
                *("目前进展", "当前进展", "进展说明", "落实情况", "工作推进情况", "推进落实情况", "办理进展"),
            ),
            "project_satisfactions.result": (
                *("满意度", "满意情况", "群众满意度", "评价", "群众评价", "服务对象评价", "满意度评价", "群众满意情况"),
                *("服务对象满意度",),
            ),
            "status": (
                *("状态", "办理状态", "项目状态", "是否办结", "完成状态", "办结状态", "当前状态", "是否完成"),
                *("是否完结", "办结情况"),
            ),
            "remark": ("备注", "说明", "备注说明", "其他说明", "备注信息"),
        },
        ignored=("序号", "验收", "填报日期"),
        essential=("title", "lead_unit_id"),
        fills_down=("series",),
        status_words={
            "active": (
                *("在办", "办理中", "进行中", "推进中", "正在办理", "未办结", "未完成", "否", "超期", "逾期"),
                *("正在推进", "正常推进", "有序推进", "持续推进", "实施中", "正在实施"),
            ),
            "done": ("已办结", "办结", "完成", "已完成", "完结", "已完结", "是"),
            "terminated": ("终止", "已终止", "不予立项"),
        },
        identity=("lead_unit_id", "title", "area_id"),
        echoes={"project_progress.percent": "progress"},
        related={"project_progress": "project_progress", "project_satisfactions": "project_satisfactions"},
    ),
    privacy=Privacy(internal=("remark", "publish_scope", "gaps")),
    figures=figures.PROJECT_FIGURES,
)

project_progress = Ledger(
    name="project_progress",
    label=_("Progress"),
    one=_("Progress report"),
    group=GROUP,
    icon="clipboard-list",
    model=Progress,
    can=ENTERING,
    under=Under("project", "service_projects", ("active",)),
    fields={"project_no": Field(NumberAbove("project"), _("Number of the project"), entered=False)},
    form=Form(
        sections=(
            Section(_("Progress"), ("reported_on", "percent", "note", "difficulties", "next_steps", "less_because")),
        ),
        rules=(rules.forward,),
        derive=rules.how_far,
    ),
    list=List(
        columns=("reported_on", "percent", "note", "difficulties", "project_id"),
        filters=("reported_on",),
        order="-reported_on",
        in_menu=False,
    ),
    sheet=Sheet(
        export=(
            "project_no",
            "project_id",
            "reported_on",
            "percent",
            "note",
            "difficulties",
            "next_steps",
            "less_because",
        ),
        title=_("Ledger of project progress"),
        words={
            "project_no": ("项目记录编号", "项目编号"),
            "project_id": ("项目名称", "服务项目", "项目"),
            "reported_on": ("填报日期", "报告日期", "进展日期", "日期", "填报时间", "报告时间", "进展时间"),
            "percent": ("进度", "完成进度", "完成比例", "工作进度", "项目进度", "当前进度", "完成率", "完成百分比"),
            "note": ("进展情况", "工作进展", "进展", "项目进展", "进展说明", "推进情况", "目前进展"),
            "difficulties": ("存在困难", "困难问题", "存在问题"),
            "next_steps": ("下一步工作", "下步措施", "下一步措施"),
            "less_because": ("进度回退原因", "回退原因"),
        },
        ignored=("序号",),
        essential=("reported_on", "percent"),
        identity=("reported_on",),
    ),
)
project_milestones = Ledger(
    name="project_milestones",
    label=_("Milestones"),
    one=_("Milestone"),
    group=GROUP,
    icon="list-details",
    model=Milestone,
    can=ENTERING,
    under=Under("project", "service_projects", ("active",)),
    form=Form(
        sections=(Section(_("Milestone"), ("name", "planned_on", "reached_on")),),
    ),
    list=List(
        columns=("name", "planned_on", "reached_on", "project_id"),
        filters=("planned_on",),
        order="planned_on",
        in_menu=False,
    ),
    sheet=Sheet(
        title=_("Ledger of project milestones"),
    ),
)
project_extensions = Ledger(
    name="project_extensions",
    label=_("Extensions"),
    one=_("Extension"),
    group=GROUP,
    icon="calendar",
    about=_("A request to finish a project later, or to shelve it, with the reason."),
    model=Extension,
    under=Under("project", "service_projects", ("active",)),
    form=Form(
        sections=(Section(_("Extension"), ("put_off", "old_due_on", "until", "reason")),),
        rules=(rules.put_off,),
        derive=rules.due_until_now,
    ),
    list=List(
        columns=("put_off", "old_due_on", "until", "reason", "project_id", "status"),
        filters=("status", "owner_unit_id", "put_off"),
        in_menu=False,
    ),
    review=Review(
        transitions=workflow.EXTENSION_MOVES,
        statuses={
            "draft": DRAFT,
            "pending_unit": PENDING_UNIT,
            "pending_committee": PENDING_COMMITTEE,
            "returned": RETURNED,
            "active": Status(lazy_pgettext("project_extensions", "Agreed to"), "ok"),
            "voided": VOIDED,
        },
        tier=3,
        tier_of=rules.steps_of,
        on_activate=rules.grant,
    ),
    sheet=Sheet(
        title=_("Ledger of project extensions"),
    ),
)
project_acceptances = Ledger(
    name="project_acceptances",
    label=_("Acceptances"),
    one=_("Acceptance"),
    group=GROUP,
    icon="circle-check",
    model=Acceptance,
    can=ENTERING,
    under=Under("project", "service_projects", ("active",)),
    form=Form(
        sections=(Section(_("Acceptance"), ("accepted_on", "way", "accepted_by", "conclusion", "opinion")),),
        rules=(rules.accepted,),
        derive=rules.seen,
    ),
    list=List(
        columns=("accepted_on", "way", "accepted_by", "conclusion", "opinion", "project_id"),
        filters=("conclusion", "accepted_on"),
        order="-accepted_on",
        in_menu=False,
    ),
    review=Review(
        filled_by=(COMMITTEE,),
    ),
    sheet=Sheet(
        title=_("Ledger of project acceptances"),
    ),
)
project_satisfactions = Ledger(
    name="project_satisfactions",
    label=_("Satisfaction"),
    one=_("Satisfaction survey"),
    group=GROUP,
    icon="users",
    model=Satisfaction,
    can=ENTERING,
    under=Under("project", "service_projects", ("active", "done")),
    form=Form(
        sections=(
            Section(
                _("Satisfaction"),
                (
                    *("judged_on", "judge", "method", "result", "sample_cnt", "satisfied_cnt", "fairly_cnt"),
                    *("unsatisfied_cnt", "opinion", "by_counterpart"),
                ),
            ),
        ),
        defaults=rules.count_judgement,
        rules=(rules.judgement,),
        derive=by_whom,
    ),
    list=List(
        columns=(
            "judged_on",
            "judge",
            "method",
            "sample_cnt",
            "satisfied_cnt",
            "fairly_cnt",
            "unsatisfied_cnt",
            "project_id",
        ),
        filters=("judge", "judged_on"),
        order="-judged_on",
        in_menu=False,
    ),
    review=Review(filled_by=(COMMITTEE,)),
    sheet=Sheet(
        title=_("Ledger of project satisfaction"),
        identity=("judged_on",),
    ),
)
ENTRIES = (project_progress, project_milestones, project_extensions, project_acceptances, project_satisfactions)
